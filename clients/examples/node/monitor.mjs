#!/usr/bin/env node
// An example monitor: hears every alert once, over breaks and restarts.
//
//   monitor.mjs CURSOR-FILE [COUNT]
//
// Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN. Needs `npm ci`.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import {
  alerts, endingDelay, errorOf, metadata, printError, streamMayBeResumed, wait,
} from './service.mjs';
import { tell } from './updates.mjs';

const [file, count = '0'] = process.argv.slice(2);
if (!file) {
  console.error('usage: monitor.mjs CURSOR-FILE [COUNT]');
  process.exit(2);
}

// Replaces the file as a whole, so that a crash leaves the old cursor or the new one.
function keep(cursor) {
  writeFileSync(`${file}.new`, cursor);
  renameSync(`${file}.new`, file);
}

// Told alerts count once their message's cursor is kept; a crash in between tells a few again:
// (id, version) tells repeats apart. Returns when COUNT updates were told.
async function watch(client) {
  let told = 0;
  let most = 0.2;
  for (;;) {
    const start = existsSync(file)
      ? { cursor: readFileSync(file, 'ascii') }
      : { start_from: 'START_FROM_EARLIEST' };
    let pause = 0;
    // No deadline: the stream lasts as long as the service does.
    const stream = client.WatchAlerts(start, metadata());
    try {
      for await (const message of stream) {
        message.updates.forEach(tell);
        told += message.updates.length;
        keep(message.cursor);
        most = 0.2;
        pause = endingDelay(message);
        if (Number(count) > 0 && told >= Number(count)) return;
      }
    } catch (failure) {
      const error = errorOf(failure);
      if (!streamMayBeResumed(error)) throw failure;
      pause = error.retryAfter ?? 0;
    } finally {
      stream.on('error', () => {}); // what cancelling reports
      stream.cancel();
    }
    const delay = pause + Math.random() * most;
    console.error(`stream over, resuming in ${delay.toFixed(1)} s`);
    await wait(delay);
    most = Math.min(most * 2, 15);
  }
}

const client = alerts();
try {
  await watch(client);
} catch (failure) {
  // CURSOR_TRIMMED and HISTORY_LOST say where the history goes on: a person decides.
  printError(errorOf(failure));
  process.exitCode = 1;
} finally {
  client.close();
}
