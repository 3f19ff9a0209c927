import { setInterval } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { ECRClient } from '@aws-sdk/client-ecr';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type BuildCredentials, buildCredentialsSchema } from '../core/model/builder-contract.ts';
import { ownRegistry, type Registry } from '../services/registry/registry-client.ts';
import { CredentialsRefusedError } from './errors.ts';
import type { Redaction } from './redaction.ts';

type Granted = BuildCredentials & { outcome: 'granted' };

/** When a new session is requested, the old one is valid for this time: what uses it can end. */
const leastMilliseconds = 10 * 60_000;
/** A login is replaced long before the session that it was given to ends, which is an hour after its begin at most. */
const loginMilliseconds = 30 * 60_000;
const attempts = 4;

interface SessionOptions {
  /** The function `build-credentials`. */
  functionName: string;
  build: string;
  token: string;
  redaction: Redaction;
}

/** The registry that this build's own login opens. */
export interface BuildRegistry extends Registry, Disposable {
  /**
   * Makes the releases among the repositories readable, and asks for the logins to the images of other registries. Returns all that are
   * readable now.
   */
  open(repositories: Iterable<string>, images?: Iterable<string>): Promise<ReadonlySet<string>>;
  /** By the image, `ghcr.io/acme/base`: the credentials of its registry, where there are any. */
  readonly logins: Logins;
  /** The images for whose credentials the operators have named other app-ids than the build's. */
  readonly withheld: readonly string[];
}

export type Logins = Readonly<Record<string, NonNullable<Registry['credentials']>>>;

/** This build's credentials. The machine's own role may only ask for them. */
export class BuildSession {
  readonly #options: SessionOptions;
  readonly #lambda = new LambdaClient({});
  readonly #bases = new Set<string>();
  readonly #images = new Set<string>();
  #wantsSource = false;
  #current: Promise<Granted> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    options.redaction.add(options.token);
  }

  /** For the clients of AWS, which ask again before a session ends. */
  readonly credentials = async () => {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await this.#granted();
    return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(expiration) };
  };

  /** What opens the source; undefined if the entry names no secret any more. It is asked for once, and not with what follows. */
  async source(): Promise<Granted['source']> {
    this.#wantsSource = true;
    this.#current = undefined;
    const { source } = await this.#granted();
    this.#wantsSource = false;
    return source;
  }

  /** Signs in to the registry, and again as long as it is in use. */
  async registry(signal: AbortSignal): Promise<BuildRegistry> {
    const login = async () => {
      const registry = await ownRegistry(new ECRClient({ credentials: this.credentials }), signal);
      const { credentials } = registry;
      this.#options.redaction.add(credentials?.password);
      this.#options.redaction.add(credentials && `${credentials.user}:${credentials.password}`);
      return registry;
    };
    let current = await login();
    let readable: ReadonlySet<string> = new Set();
    let { logins, withheld }: Pick<BuildRegistry, 'logins' | 'withheld'> = { logins: {}, withheld: [] };
    let opening: Promise<unknown> = Promise.resolve();
    const open = async (names: readonly string[], images: readonly string[]) => {
      if (names.some((name) => !this.#bases.has(name)) || images.some((image) => !this.#images.has(image))) {
        for (const name of names) this.#bases.add(name);
        for (const image of images) this.#images.add(image);
        this.#current = undefined;
        const granted = await this.#granted();
        readable = new Set(granted.bases);
        ({ logins, withheld } = granted);
        current = await login();
      }
      return readable;
    };
    const renewal = setInterval(() => {
      // If it fails, the login is tried again next time, and until then the old one may do.
      void login().then((renewed) => {
        current = renewed;
      }, this.#forget);
    }, loginMilliseconds);
    return {
      url: current.url,
      host: current.host,
      get credentials() {
        return current.credentials ?? { user: '', password: '' };
      },
      get logins() {
        return logins;
      },
      get withheld() {
        return withheld;
      },
      open(names, images = []) {
        // One after the other: a login has the bases of all that came before.
        const opened = opening.then(() => open([...names], [...images]));
        opening = opened.catch(() => undefined);
        return opened;
      },
      [Symbol.dispose]: () => clearInterval(renewal),
    };
  }

  readonly #forget = (): void => {
    this.#current = undefined;
  };

  async #granted(): Promise<Granted> {
    const known = await this.#current;
    if (known && Date.parse(known.expiration) - Date.now() > leastMilliseconds) return known;
    const asking = this.#ask();
    this.#current = asking;
    asking.catch(this.#forget);
    return asking;
  }

  /** @throws CredentialsRefusedError */
  async #ask(): Promise<Granted> {
    const { functionName, build, token, redaction } = this.#options;
    const request = JSON.stringify({
      build,
      token,
      bases: [...this.#bases],
      images: [...this.#images],
      source: this.#wantsSource,
    });
    for (let attempt = 1; ; attempt += 1) {
      const { FunctionError, Payload } = await this.#lambda.send(
        new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(request) }),
      );
      if (FunctionError === undefined) {
        const answer = buildCredentialsSchema.parse(JSON.parse(Buffer.from(Payload ?? []).toString('utf8')));
        if (answer.outcome === 'refused') throw new CredentialsRefusedError(answer.message);
        const passwords = Object.values(answer.logins).map(({ password }) => password);
        const { authorization = '', password } = answer.source ?? {};
        const ofSource = [password, authorization.replace(/^Basic /, '')];
        for (const secret of [answer.secretAccessKey, answer.sessionToken, ...passwords, ...ofSource])
          redaction.add(secret);
        return answer;
      }
      if (attempt === attempts)
        throw new CredentialsRefusedError(
          'The pipeline could not give this build its credentials. Nothing is wrong with the project: have the build started again.',
        );
      await delay(250 * 2 ** attempt);
    }
  }
}
