/**
 * One instance of a function: a thread that imports the handler and gives it one event after another, as Lambda's Node runtime does.
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */
import { existsSync } from 'node:fs';
import { flushCompileCache, getCompileCacheDir } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { loadCommonJs } from './compiled-code.ts';

export interface InstanceSettings {
  taskRoot: string;
  /** `index.handler` */
  handler: string;
  functionName: string;
  functionArn: string;
  memoryMb: number;
  logGroup: string;
  logStream: string;
}

export interface Invocation {
  requestId: string;
  /** JSON */
  event: string;
  /** Milliseconds since 1970. */
  deadline: number;
}

export interface FunctionError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

export type InstanceAnswer = { requestId: string } & ({ payload: string } | { error: FunctionError });
/** The handler is loaded, or cannot be loaded: then the first event gets the error. */
export const initialised = 'initialised';

class HandlerError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

type Handler = (event: unknown, context: object) => unknown;

const settings = workerData as InstanceSettings;
// The machine's, not Lambda's.
delete process.env.NODE_COMPILE_CACHE;
const port = parentPort;
if (port === null) throw new Error('This file runs as a worker thread only.');

// The exit statuses of Lambda's own runtime, which end as `Runtime.ExitError`.
// https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/blob/main/src/index.mjs
process.on('uncaughtException', (error) => {
  console.error('Uncaught Exception', error);
  process.exit(129);
});
process.on('unhandledRejection', (reason) => {
  console.error('Unhandled Promise Rejection', reason);
  process.exit(128);
});
// Options of the process have no effect on a thread; this is the one that CDK's bundles set.
if (process.env.NODE_OPTIONS?.includes('--enable-source-maps')) process.setSourceMapsEnabled(true);

/** Functions are compiled when they are first called: after an event, most of what events need. */
let keepCompiled = (): void => undefined;
const handler = load();
const ready = () => port.postMessage(initialised);
handler.then(ready, ready);

port.on('message', (invocation: Invocation) => {
  void run(invocation).then((answer) => {
    port.postMessage(answer);
    keepCompiled();
  });
});

async function run({ requestId, event, deadline }: Invocation): Promise<InstanceAnswer> {
  try {
    const result = await (await handler)(JSON.parse(event), contextOf(requestId, deadline));
    return { requestId, payload: JSON.stringify(result) ?? 'null' };
  } catch (error) {
    // Lambda's runtime writes it too; the stack and the error's own members are nowhere else.
    console.error(`${new Date().toISOString()}\t${requestId}\tERROR\tInvoke Error\t${inspect(error, { depth: 5 })}`);
    return { requestId, error: describe(error) };
  }
}

async function load(): Promise<Handler> {
  const dot = settings.handler.lastIndexOf('.');
  const [stem, name] = [settings.handler.slice(0, dot), settings.handler.slice(dot + 1)];
  const file = ['.js', '.mjs', '.cjs'].map((ending) => join(settings.taskRoot, stem + ending)).find(existsSync);
  if (file === undefined) {
    throw new HandlerError('Runtime.ImportModuleError', `Error: Cannot find module '${stem}'`);
  }
  const module = file.endsWith('.cjs') ? loadBundle(file) : await import(pathToFileURL(file).href);
  flushCompileCache();
  const found = module[name] ?? module.default?.[name];
  if (typeof found !== 'function') {
    throw new HandlerError('Runtime.HandlerNotFound', `${settings.handler} is undefined or not exported`);
  }
  return found;
}

function loadBundle(file: string): Record<string, unknown> {
  const { exports, keep } = loadCommonJs(file, getCompileCacheDir());
  keepCompiled = keep;
  return exports;
}

function contextOf(awsRequestId: string, deadline: number): object {
  return {
    awsRequestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: settings.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: settings.functionArn,
    logGroupName: settings.logGroup,
    logStreamName: settings.logStream,
    memoryLimitInMB: String(settings.memoryMb),
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function describe(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}
