import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ECRClient } from '@aws-sdk/client-ecr';
import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import * as z from 'zod';
import { apiBuildSchema } from '../../core/api/builds.ts';
import { InvalidInputError } from '../../core/model/errors.ts';
import { type ImageReference, parseImageReference, wantedVersion } from '../../core/model/image-reference.ts';
import { verify } from '../../core/signing/verification.ts';
import { createPublicFetch } from '../../services/http/public-fetch.ts';
import { createBundles } from '../../services/registry/bundles.ts';
import { createImageDigests } from '../../services/registry/digest-lookup.ts';
import {
  createRegistryClient,
  outsideRegistry,
  ownRegistry,
  type Registry,
  RegistryUnavailableError,
  type SendToRegistry,
} from '../../services/registry/registry-client.ts';
import type { Context } from '../command.ts';
import { askAws } from '../deployment/ask-aws.ts';
import type { Connection } from '../deployment/connection.ts';
import { DeploymentError, exitCodes, UsageError } from '../errors.ts';
import { asProject, findProject, type ProjectArgument } from '../projects/named-project.ts';
import { readPublicKey } from './public-key.ts';
import { proofOf } from './shown-proof.ts';

const description = `Verifies that an image, or what a project has released, is a release of Slipway, and says what is proven of it.

That is from which commit it was built, by whom, why and when, and what the policy said to its scan. The exit code is 0 if the key signed
the image, its origin and its scan, and 1 if not. Images of ECR are read with the connection to AWS, others without signing in.`;

/** A large SBOM on a slow line. */
const timeoutMilliseconds = 120_000;

/** What `verify` of core says of an image, and which image that is. */
const answerSchema = z.looseObject({ image: z.string(), verified: z.boolean() });

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(
      '<IMAGE|APP/JOB[:TAG]>',
      'the image, its name with the host of its registry, by tag or by digest; or the project',
      asSubject,
    )
    .option(
      '--key <FILE>',
      'the public key as PEM, which /.well-known/slipway/cosign.pub of the pages has (default: KMS is asked for that of the stack)',
    )
    .action(async (subject, { key }) => {
      const image = 'registry' in subject ? subject : await releasedImage(context, subject);
      const publicKey = key === undefined ? await readPublicKey(await context.deployment()) : await keyIn(key);
      const registry = await registryOf(image.registry, context);
      const fetch = createPublicFetch({ privateHosts: [image.registry] });
      const send: SendToRegistry = (url, each) => fetch(url, { ...each, timeoutMilliseconds });
      const name = `${image.registry}/${image.repository}`;
      const digest = await answered(image, createImageDigests(send)(registry, image.repository, wantedVersion(image)));
      if (digest === undefined)
        throw new UsageError(`There is no image ${name}, ${wantedVersion(image)}, or it is not public.`);
      const readBundles = createBundles(createRegistryClient(send));
      const bundles = await answered(image, readBundles(registry, image.repository, digest));
      const verification = verify(digest, bundles, publicKey);
      context.answer(answerSchema, {
        value: { image: `${name}@${digest}`, ...verification },
        text: proofOf(`${name}@${digest}`, verification),
        exitCode: verification.verified ? exitCodes.done : exitCodes.negative,
      });
    });
}

/** Without the host of a registry it is a project. */
function asSubject(name: string): ImageReference | ProjectArgument {
  try {
    const image = parseImageReference(name);
    return image.registryIsWritten ? image : asProject(name);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}

/** @throws UsageError if the project has released nothing */
async function releasedImage(context: Context, project: ProjectArgument): Promise<ImageReference> {
  const deployment = await context.deployment();
  const { name, released } = await findProject(deployment, project);
  if (!released) throw new UsageError(`${name} has no release yet: slipway builds ${name} says why.`);
  const build = await deployment.api.read(`builds/${released.build}`, apiBuildSchema.pick({ image: true }));
  if (!build?.image) throw new UsageError(`The build of ${name}'s release is not known any more: name the image.`);
  return parseImageReference(`${build.image.repository}@${released.digest}`);
}

/** @throws DeploymentError that names the registry, where it says no */
async function answered<Answer>({ registry }: ImageReference, answer: Promise<Answer>): Promise<Answer> {
  return answer.catch((cause: unknown) => {
    if (!(cause instanceof RegistryUnavailableError)) throw cause;
    throw new DeploymentError(`The registry ${registry} gave no list: ${cause.message}`, { cause });
  });
}

async function keyIn(file: string): Promise<string> {
  const pem = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new UsageError(`${file} cannot be read: ${cause.message}`, { cause });
  });
  try {
    createPublicKey(pem);
  } catch (cause) {
    throw new UsageError(`${file} is not a public key as PEM: save /.well-known/slipway/cosign.pub of the pages.`, {
      cause,
    });
  }
  return pem;
}

/** ECR gives no image to a caller who has not signed in. */
async function registryOf(host: string, context: Context): Promise<Registry> {
  const [, region] = /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host) ?? [];
  if (region === undefined) return outsideRegistry(host);
  const { stack, settings }: Connection = await context.connection();
  const signIn = () => ownRegistry(new ECRClient({ ...settings, region }));
  const { credentials } = await askAws(stack, 'ecr:GetAuthorizationToken', signIn);
  return credentials ? { ...outsideRegistry(host), credentials } : outsideRegistry(host);
}
