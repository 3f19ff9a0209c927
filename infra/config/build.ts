import * as z from 'zod';
import { computeTypeSchema } from '../../core/cost/prices.ts';

export const buildSchema = z
  .strictObject({
    timeoutSeconds: z
      .int()
      .min(10)
      .max(28_800)
      .default(3600)
      .describe('When a build is given up, in seconds from its start.'),
    concurrency: z
      .int()
      .min(0)
      .max(500)
      .default(0)
      .describe(
        'How many builds of all projects are in flight at once; the rest wait, and projects take turns. 0 leaves it to CodeBuild, which takes as many as the account may run and keeps five times as many in a queue.',
      ),
    atOncePerProject: z
      .int()
      .min(1)
      .max(100)
      .default(4)
      .describe('How many builds of one project run at once. The rest wait, so that a project holds up no other.'),
    perHourPerProject: z
      .int()
      .min(1)
      .max(1000)
      .default(60)
      .describe('How many builds of one project begin in an hour. The rest wait for the next hour.'),
    computeType: z.enum(computeTypeSchema.options).default('MEDIUM').describe("CodeBuild's machine for a build."),
    architecture: z
      .enum(['arm64', 'x86_64'])
      .default('arm64')
      .describe('What images are built for whose entry names no `platforms`.'),
    buildkitImage: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._:/-]*@sha256:[0-9a-f]{64}$/,
        'must be the name of an image with its digest, such as registry.example.org/moby/buildkit:v0.33.1@sha256:…',
      )
      // Where pulls are not counted by address, which builders on AWS share with strangers (docs/decisions/buildkit-by-digest.md).
      .default(
        'mirror.gcr.io/moby/buildkit:v0.33.1@sha256:cec9f139f45e93c5c69c60f8b07cfad9f43f4ef6b6a6cd917527fea5ff2e3dea',
      )
      .describe(
        "The BuildKit that builds images on CodeBuild, by digest. A deployment puts a copy beside the builder's program; where it cannot fetch one, each build pulls it.",
      ),
    prebuildImage: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'must be the name of an image')
      // Docker's official image with git, curl, Python and make, from a registry that does not count pulls by address.
      .default('public.ecr.aws/docker/library/buildpack-deps:stable')
      .describe(
        'The image that prebuild scripts run in: from a registry, or a release of this pipeline such as `demo/tools:latest`.',
      ),
    pullThrough: z
      .record(
        z.string().regex(/^[a-z0-9]+(?:[.-][a-z0-9]+)+$/, 'must be the host of a registry, such as docker.io'),
        z
          .string()
          .regex(
            /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/,
            'must be the prefix of a pull-through cache rule, such as docker-hub',
          ),
      )
      .default({})
      .describe(
        'Registries whose images builds pull through the account\'s ECR, each with the prefix of its pull-through cache rule: `{"docker.io": "docker-hub"}`.',
      ),
  })
  .prefault({});
