import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ECRClient } from '@aws-sdk/client-ecr';
import { InvalidInputError, UpstreamError } from '../core/model/errors.ts';
import { type ImageReference, parseImageReference, wantedVersion } from '../core/model/image-reference.ts';
import { verify } from '../core/signing/verification.ts';
import { createPublicFetch } from '../services/http/public-fetch.ts';
import { createBundles } from '../services/registry/bundles.ts';
import { createImageDigests } from '../services/registry/digest-lookup.ts';
import {
  createRegistryClient,
  outsideRegistry,
  ownRegistry,
  type Registry,
  RegistryUnavailableError,
  type SendToRegistry,
} from '../services/registry/registry-client.ts';
import { type ExitCode, parseCommand, type Terminal, UsageError } from './command.ts';
import { DeploymentError, explain, findDeployment } from './deployment.ts';
import { proofOf } from './shown-proof.ts';

const help = `slipway verify IMAGE [--key FILE] [--json] [--stack NAME]

Verifies that an image is a release of Slipway, and says what is proven of it: from which commit it was built, by whom, why
and when, and what the policy said to its scan. IMAGE is a name as for "docker pull", by tag or by digest. The exit code is
0 if the key signed the image, its origin and its scan, and 1 if not.

  --key FILE     the public key as PEM: /.well-known/slipway/cosign.pub of the pages has it. Without it, KMS is asked for
                 the key of the stack, with the connection to AWS that the AWS CLI would use.
  --json         prints what is proven as JSON
  --stack NAME   the stack of Slipway (default: Slipway)

Images of ECR are read with the connection to AWS, others without signing in.
`;

/** A large SBOM on a slow line. */
const timeoutMilliseconds = 120_000;

export async function run(args: string[], terminal: Terminal): Promise<ExitCode> {
  const request = read(args);
  if (request === 'help') {
    terminal.out(help);
    return 0;
  }
  try {
    return await verifyImage(request, terminal);
  } catch (error) {
    const isExpected =
      error instanceof DeploymentError ||
      error instanceof UpstreamError ||
      error instanceof RegistryUnavailableError ||
      error instanceof KeyFileError;
    if (!isExpected) throw error;
    const of = error instanceof RegistryUnavailableError ? `The registry ${request.image.registry} gave no list: ` : '';
    terminal.err(`slipway verify: ${of}${error.message}\n`);
    return 2;
  }
}

interface Request {
  image: ImageReference;
  keyFile: string | undefined;
  stack: string;
  json: boolean;
}

/** @throws UsageError */
function read(args: string[]): Request | 'help' {
  const { values, positionals } = parseCommand(args, {
    key: { type: 'string' },
    json: { type: 'boolean', default: false },
    stack: { type: 'string', default: 'Slipway' },
  });
  if (values.help) return 'help';
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0)
    throw new UsageError(
      'Name one image, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/slipway/demo/app:latest.',
    );
  return { image: imageNamed(name), keyFile: values.key, stack: values.stack, json: values.json };
}

function imageNamed(name: string): ImageReference {
  try {
    return parseImageReference(name);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new UsageError(error.message);
  }
}

async function verifyImage({ image, keyFile, stack, json }: Request, terminal: Terminal): Promise<ExitCode> {
  const publicKey = keyFile === undefined ? await (await findDeployment(stack)).publicKey() : await keyIn(keyFile);
  const registry = await registryOf(image.registry, stack);
  const fetch = createPublicFetch({ privateHosts: [image.registry] });
  const send: SendToRegistry = (url, each) => fetch(url, { ...each, timeoutMilliseconds });
  const digest = await createImageDigests(send)(registry, image.repository, wantedVersion(image));
  const name = `${image.registry}/${image.repository}`;
  if (digest === undefined) {
    terminal.err(`slipway verify: There is no image ${name}, ${wantedVersion(image)}, or it is not public.\n`);
    return 2;
  }
  const bundles = await createBundles(createRegistryClient(send))(registry, image.repository, digest);
  const verification = verify(digest, bundles, publicKey);
  terminal.out(
    json
      ? `${JSON.stringify({ image: `${name}@${digest}`, ...verification }, null, 2)}\n`
      : proofOf(`${name}@${digest}`, verification),
  );
  return verification.verified ? 0 : 1;
}

/** The file of the key cannot be used; the message says what to do. */
class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

async function keyIn(file: string): Promise<string> {
  const pem = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new KeyFileError(`${file} cannot be read: ${cause.message}`, { cause });
  });
  try {
    createPublicKey(pem);
  } catch (cause) {
    throw new KeyFileError(`${file} is no public key as PEM: save /.well-known/slipway/cosign.pub of the pages.`, {
      cause,
    });
  }
  return pem;
}

/** ECR gives no image to who has not signed in. */
async function registryOf(host: string, stack: string): Promise<Registry> {
  const [, region] = /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host) ?? [];
  if (region === undefined) return outsideRegistry(host);
  const { credentials } = await ownRegistry(new ECRClient({ region })).catch((error: unknown) => {
    throw new DeploymentError(explain(stack, error), { cause: error });
  });
  return credentials ? { ...outsideRegistry(host), credentials } : outsideRegistry(host);
}
