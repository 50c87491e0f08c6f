#!/usr/bin/env node
// An example partner: submits one clue and does not lose it.
//
//   partner.mjs CLUE.json [REQUEST-ID]
//
// The clue is ClueContent in JSON. Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN. Needs `npm ci`.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { clues, errorOf, mayBeRepeated, metadata, printError, wait } from './service.mjs';

const [file, requestId = randomUUID()] = process.argv.slice(2);
if (!file) {
  console.error('usage: partner.mjs CLUE.json [REQUEST-ID]');
  process.exit(2);
}
// A real partner stores the request_id beside the record before the first call.
const request = { request_id: requestId, clue: JSON.parse(readFileSync(file, 'utf8')) };
const patience = 60;

function submitOnce(client) {
  const deadline = new Date(Date.now() + 10_000);
  return new Promise((resolve, reject) => {
    client.SubmitClue(request, metadata(), { deadline }, (failure, response) =>
      failure ? reject(failure) : resolve(response.receipt),
    );
  });
}

// Repeats the call under the same request_id until it is answered: a timeout means that the outcome
// is unknown, and the service gives the first answer again.
async function submit(client) {
  const end = Date.now() + patience * 1000;
  for (let most = 0.1; ; most = Math.min(most * 2, 5)) {
    try {
      return await submitOnce(client);
    } catch (failure) {
      const error = errorOf(failure);
      // Full jitter, after the time that the service asks for.
      const delay = (error.retryAfter ?? 0) + Math.random() * most;
      if (!mayBeRepeated(error) || Date.now() + delay * 1000 > end) throw failure;
      console.error(`again in ${delay.toFixed(1)} s: ${error.reason || error.code}`);
      await wait(delay);
    }
  }
}

const client = clues();
try {
  const receipt = await submit(client);
  console.log(receipt.clue_id, receipt.version, receipt.verdict.scenario);
} catch (failure) {
  printError(errorOf(failure));
  process.exitCode = 1;
} finally {
  client.close();
}
