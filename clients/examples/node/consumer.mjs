#!/usr/bin/env node
// An example consumer: reads a named subscription, whose place the service keeps.
//
//   consumer.mjs [--share] NAME [COUNT]
//
// Makes the subscription where there is none. With --share it is a shared one, and this program one of
// its consumers: each alert comes to one of them. Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN.
// Needs `npm ci`.

import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import {
  endingDelay, errorOf, metadata, printError, streamMayBeResumed, subscriptions, wait,
} from './service.mjs';
import { keyOf, tell } from './updates.mjs';

const { values: { share }, positionals: [name, count = '0'] } = parseArgs({
  options: { share: { type: 'boolean', default: false } },
  allowPositionals: true,
});
if (!name) {
  console.error('usage: consumer.mjs [--share] NAME [COUNT]');
  process.exit(2);
}
const window = { alerts: 100 }; // that may be on the way without being acknowledged
const mostHandled = 20_000;

// So that an opening that was given up, and is read late, takes nothing over.
const reader = randomUUID();
let attempt = 0;
let told = 0;
const handled = new Set(); // what was told, oldest first, since it may come again
const ended = () => Number(count) > 0 && told >= Number(count);

function make(client) {
  const request = {
    subscription: { name, mode: share ? 'SUBSCRIPTION_MODE_SHARED' : 'SUBSCRIPTION_MODE_EXCLUSIVE' },
    start_from: 'START_FROM_EARLIEST',
  };
  const deadline = new Date(Date.now() + 10_000);
  return new Promise((resolve, reject) => {
    client.CreateSubscription(request, metadata(), { deadline }, (failure) =>
      failure && errorOf(failure).reason !== 'SUBSCRIPTION_EXISTS' ? reject(failure) : resolve(),
    );
  });
}

// A real program deals with the update here. One of a shared subscription that needs longer than the
// lease asks for more time (extend), and gives back what it cannot do (reject).
function take(update) {
  const key = keyOf(update);
  if (handled.has(key)) return;
  handled.add(key);
  if (handled.size > mostHandled) handled.delete(handled.values().next().value);
  tell(update);
  told += 1;
}

function handle(message, stream) {
  const done = []; // deliveries, by the numbers that this connection gave them
  if (message.gap) {
    console.error(`history is gone (${message.gap.reason}): see what is missing with ListAlerts`);
    done.push(message.gap.delivery);
  }
  for (const [i, update] of message.updates.entries()) {
    if (ended()) break;
    take(update);
    done.push(String(BigInt(message.first_delivery) + BigInt(i)));
  }
  for (const { delivery, reason } of message.refusals) console.error(`${delivery} too late: ${reason}`);
  if (done.length > 0) {
    stream.write({ acknowledge: share ? { deliveries: done } : { through: done.at(-1) } });
  }
  // Our side is closed; the service ends its own when what was acknowledged is kept.
  if (ended()) stream.end();
}

// One connection, to its end; what was not acknowledged before a break comes again. No deadline: the
// stream lasts as long as the service does.
async function read(client, onMessage) {
  const stream = client.ConsumeAlerts(metadata());
  const how = share ? { share } : { reader, attempt: ++attempt };
  stream.write({ open: { subscription: name, window, ...how } });
  try {
    for await (const message of stream) {
      onMessage(message);
      if (!ended()) handle(message, stream);
    }
  } finally {
    stream.on('error', () => {}); // what cancelling reports
    stream.cancel();
  }
}

async function consume(client) {
  let made = false;
  let most = 0.2;
  while (!ended()) {
    let pause = 0;
    try {
      // Once: a subscription that is deleted later is not made again without anybody knowing.
      if (!made) await make(client);
      made = true;
      await read(client, (message) => {
        most = 0.2;
        pause = endingDelay(message);
      });
    } catch (failure) {
      const error = errorOf(failure);
      if (!streamMayBeResumed(error)) throw failure;
      pause = error.retryAfter ?? 0;
    }
    if (ended()) return;
    const delay = pause + Math.random() * most;
    console.error(`stream over, resuming in ${delay.toFixed(1)} s`);
    await wait(delay);
    most = Math.min(most * 2, 15);
  }
}

const client = subscriptions();
try {
  await consume(client);
} catch (failure) {
  // SUBSCRIPTION_TAKEN_OVER: a newer reader came, and two would take it from each other.
  printError(errorOf(failure));
  process.exitCode = 1;
} finally {
  client.close();
}
