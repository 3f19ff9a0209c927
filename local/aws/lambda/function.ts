import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LogFile } from '../log-file.ts';
import { AwsError } from '../service.ts';
import type { IdleInstances } from './idle-instances.ts';
import type { FunctionError, InstanceAnswer, InstanceSettings, Invocation, initialised } from './worker.ts';

export interface FunctionSettings extends InstanceSettings {
  environment: Record<string, string>;
  timeoutSeconds: number;
}

/**
 * `payload` is JSON; it is never parsed on the way from the function to its caller. `log` is what the function wrote meanwhile, the end
 * of it at least.
 */
export type Outcome = { log: string } & Result;
type Result = { ok: true; payload: string } | { ok: false; error: FunctionError };

export interface RunningFunction {
  readonly settings: FunctionSettings;
  /** @throws AwsError `RequestEntityTooLargeException` */
  invoke(event: string): Promise<Outcome>;
  /** Starts an instance if there is none, for an event that will come soon. */
  prepare(): void;
  /** Ends every instance; what runs in one never answers. */
  stop(): Promise<void>;
}

interface Instance {
  worker: Worker;
  isInitialised: boolean;
  current:
    | (Waiting & { requestId: string; startedAt: number; timer: NodeJS.Timeout | undefined; log: string })
    | undefined;
  end(): void;
}

interface Waiting {
  event: string;
  since: number;
  settle(outcome: Outcome): void;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const requestLimit = 6 * 1024 * 1024;
/** Lambda allows 100 bytes of its own in an answer and says so in the error. */
const responseLimit = requestLimit + 100;
/**
 * On one machine further events wait for a free instance; Lambda would start up to a thousand. Each start costs the processor as much as
 * many events.
 */
const mostInstances = 4;
/** Characters. A caller gets the last 4 KB. */
const keptLog = 4096;
/**
 * All instances share this machine's processors: another one helps only where those that are there wait for something else. So an event gets
 * one when, for so long for each of these, none of them has begun anything.
 */
const patienceMilliseconds = 1000;
/**
 * Lambda gives the initialisation 10 s of its own, on a processor of its own; a function's timeout begins after it.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
const initialisationMilliseconds = 5 * 60_000;

/** A function with its instances: threads that are started under load and ended when they have nothing to do. */
export function runFunction(settings: FunctionSettings, log: LogFile, resting: IdleInstances): RunningFunction {
  const instances = new Set<Instance>();
  const idle: Instance[] = [];
  const waiting: Waiting[] = [];
  let patience: NodeJS.Timeout | undefined;
  /** When an instance last began an event. */
  let begunAt = 0;
  let stopped = false;

  const start = (): Instance => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      name: settings.functionName,
      // To compile a bundle takes two fifths of an instance's start. What is compiled is beside the bundles, so that it goes when they go.
      env: { ...settings.environment, NODE_COMPILE_CACHE: join(settings.taskRoot, '..', 'compile-cache') },
      execArgv: [],
      workerData: settings satisfies InstanceSettings,
      stdout: true,
      stderr: true,
      // The heap's share of the memory, as Lambda's runtime sets `--max-old-space-size`.
      resourceLimits: { maxOldGenerationSizeMb: Math.floor(settings.memoryMb * 0.9) },
    });
    const end = () => {
      leave(instance);
      void worker.terminate();
    };
    const instance: Instance = { worker, isInitialised: false, current: undefined, end };
    instances.add(instance);
    let memoryExceeded = false;
    const write = (text: Buffer) => {
      log.write(text);
      if (instance.current) instance.current.log = (instance.current.log + text.toString()).slice(-keptLog);
    };
    worker.stdout.on('data', write);
    worker.stderr.on('data', write);
    worker.on('message', (answer: InstanceAnswer | typeof initialised) => {
      if (typeof answer === 'object') return finish(instance, outcomeOf(answer));
      instance.isInitialised = true;
      if (instance.current) begin(instance);
      else rest(instance);
      serve();
    });
    worker.on('error', (error: NodeJS.ErrnoException) => {
      memoryExceeded = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    });
    worker.on('exit', (code) => {
      leave(instance);
      if (instance.current === undefined || stopped) return;
      const { requestId } = instance.current;
      const how = memoryExceeded ? 'signal: killed' : `exit status ${code}`;
      const errorMessage = `RequestId: ${requestId} Error: Runtime exited with error: ${how}`;
      log.write(`${errorMessage}\n`);
      finish(instance, { ok: false, error: { errorType: 'Runtime.ExitError', errorMessage } });
    });
    worker.unref();
    return instance;
  };

  const leave = (instance: Instance): void => {
    instances.delete(instance);
    resting.remove(instance);
    const position = idle.indexOf(instance);
    if (position >= 0) idle.splice(position, 1);
  };

  const finish = (instance: Instance, outcome: Result): void => {
    const current = instance.current;
    if (current === undefined) return;
    instance.current = undefined;
    clearTimeout(current.timer);
    const { requestId } = current;
    const reported = report(requestId, performance.now() - current.startedAt);
    log.write(reported);
    if (instances.has(instance)) rest(instance);
    const start = `START RequestId: ${requestId} Version: $LATEST\n`;
    current.settle({ ...outcome, log: `${start}${current.log}END RequestId: ${requestId}\n${reported}` });
    serve();
  };

  const rest = (instance: Instance): void => {
    idle.push(instance);
    resting.add(instance);
    instance.worker.unref();
  };

  /** One at a time: the first one that is there has often done what was waiting before a second could be. */
  const mayStart = ({ since }: Waiting): boolean => {
    if (instances.size === 0) return true;
    return (
      instances.size < mostInstances &&
      [...instances].every(({ isInitialised }) => isInitialised) &&
      performance.now() - Math.max(since, begunAt) >= patienceMilliseconds * instances.size
    );
  };

  const serve = (): void => {
    clearTimeout(patience);
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const instance = idle.pop() ?? (mayStart(next) ? start() : undefined);
      if (instance === undefined) {
        patience = setTimeout(serve, patienceMilliseconds);
        return;
      }
      waiting.shift();
      give(instance, next);
    }
  };

  const give = (instance: Instance, next: Waiting): void => {
    resting.remove(instance);
    instance.worker.ref();
    instance.current = { ...next, requestId: randomUUID(), startedAt: performance.now(), timer: undefined, log: '' };
    if (instance.isInitialised) begin(instance);
    else expireAfter(instance, initialisationMilliseconds);
  };

  const begin = (instance: Instance): void => {
    if (instance.current === undefined) return;
    const { requestId, event } = instance.current;
    const milliseconds = settings.timeoutSeconds * 1000;
    begunAt = instance.current.startedAt = performance.now();
    expireAfter(instance, milliseconds);
    instance.worker.postMessage({ requestId, event, deadline: Date.now() + milliseconds } satisfies Invocation);
  };

  const expireAfter = (instance: Instance, milliseconds: number): void => {
    clearTimeout(instance.current?.timer);
    if (instance.current) instance.current.timer = setTimeout(() => expire(instance, milliseconds), milliseconds);
  };

  const expire = (instance: Instance, milliseconds: number): void => {
    const seconds = (milliseconds / 1000).toFixed(2);
    const errorMessage = `${new Date().toISOString()} ${instance.current?.requestId} Task timed out after ${seconds} seconds`;
    log.write(`${errorMessage}\n`);
    instance.end();
    finish(instance, { ok: false, error: { errorType: 'Sandbox.Timedout', errorMessage } });
  };

  const report = (requestId: string, milliseconds: number): string => {
    const duration = milliseconds.toFixed(2);
    return `REPORT RequestId: ${requestId}\tDuration: ${duration} ms\tBilled Duration: ${Math.ceil(milliseconds)} ms\tMemory Size: ${settings.memoryMb} MB\n`;
  };

  return {
    settings,
    invoke(event) {
      // The machine is stopping: the caller finds its work again after the next start.
      if (stopped) return new Promise(() => undefined);
      const size = Buffer.byteLength(event);
      if (size > requestLimit) {
        const message = `${size} byte payload is too large for the RequestResponse invocation type (limit ${requestLimit} bytes)`;
        return Promise.reject(new AwsError('RequestEntityTooLargeException', message, 413));
      }
      return new Promise((settle) => {
        waiting.push({ event, since: performance.now(), settle });
        serve();
      });
    },
    prepare() {
      if (!stopped && instances.size === 0) start();
    },
    async stop() {
      stopped = true;
      waiting.length = 0;
      clearTimeout(patience);
      for (const { current } of instances) clearTimeout(current?.timer);
      await Promise.all([...instances].map(({ worker }) => worker.terminate()));
      await log.close();
    },
  };
}

function outcomeOf(answer: InstanceAnswer): Result {
  if ('error' in answer) return { ok: false, error: answer.error };
  if (Buffer.byteLength(answer.payload) <= responseLimit) return { ok: true, payload: answer.payload };
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${responseLimit} bytes).`;
  return { ok: false, error: { errorType: 'Function.ResponseSizeTooLarge', errorMessage } };
}
