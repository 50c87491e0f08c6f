// The protos, a channel, and what the service says about a failed call.

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const protos = fileURLToPath(new URL('../../../protos', import.meta.url));
const definition = protoLoader.loadSync(
  [
    'supervision/v1/clue_service.proto',
    'supervision/v1/alert_service.proto',
    'supervision/v1/subscription_service.proto',
    'google/rpc/status.proto',
    'google/rpc/error_details.proto',
  ],
  { includeDirs: [protos], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true },
);
const api = grpc.loadPackageDefinition(definition).supervision.v1;

const server = process.env.SUPERVISION_SERVER ?? '127.0.0.1:50051';
const options = {
  // Ping a quiet connection every 20 s; the service closes one that pings more often than every 10 s.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5_000,
};

// Over TLS where SUPERVISION_TLS_CA names a PEM file.
const ca = process.env.SUPERVISION_TLS_CA;
const credentials = ca ? grpc.credentials.createSsl(readFileSync(ca)) : grpc.credentials.createInsecure();

export const clues = () => new api.ClueService(server, credentials, options);
export const alerts = () => new api.AlertService(server, credentials, options);
export const subscriptions = () => new api.SubscriptionService(server, credentials, options);

export function metadata() {
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${process.env.SUPERVISION_TOKEN ?? ''}`);
  return metadata;
}

const seconds = (duration) => Number(duration?.seconds ?? 0) + (duration?.nanos ?? 0) / 1e9;

// Reads google.rpc.Status out of a failed call. `reason` is a word of the table in
// clients/README.md; without one the error did not come from the service.
export function errorOf(failure) {
  const error = {
    code: grpc.status[failure.code],
    reason: '',
    english: failure.details ?? '',
    chinese: '',
    metadata: {},
    violations: [],
    retryAfter: undefined,
  };
  const [bytes] = failure.metadata?.get('grpc-status-details-bin') ?? [];
  if (!bytes) return error;
  for (const any of definition['google.rpc.Status'].deserialize(bytes).details) {
    const type = any.type_url.split('/').pop();
    const detail = definition[type]?.deserialize(any.value);
    if (type === 'google.rpc.ErrorInfo') {
      error.reason = detail.reason;
      error.metadata = detail.metadata;
    } else if (type === 'google.rpc.RetryInfo') {
      error.retryAfter = seconds(detail.retry_delay);
    } else if (type === 'google.rpc.BadRequest') {
      error.violations = detail.field_violations;
    } else if (type === 'google.rpc.LocalizedMessage') {
      error.chinese = detail.message;
    }
  }
  return error;
}

// Whether the same call may succeed later: never without the same request_id.
export const mayBeRepeated = (error) =>
  ['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(error.code) ||
  (error.code === 'RESOURCE_EXHAUSTED' && error.retryAfter !== undefined) ||
  // So ends what reaches a server in the moment that it shuts down.
  (error.code === 'CANCELLED' && !error.reason);

// The same for a stream, which may also be cut on the way, without a word of the service.
export const streamMayBeResumed = (error) =>
  mayBeRepeated(error) || (!error.reason && ['INTERNAL', 'UNKNOWN'].includes(error.code));

export function printError(error) {
  console.error(`${error.reason || error.code}: ${error.english}`);
  if (error.chinese) console.error(error.chinese);
  for (const { field, description } of error.violations) console.error(`  ${field}: ${description}`);
  for (const [name, value] of Object.entries(error.metadata)) console.error(`  ${name} = ${value}`);
}

export const endingDelay = (message) => seconds(message.ending?.retry_after);
export const wait = (delay) => new Promise((resolve) => setTimeout(resolve, delay * 1000));
