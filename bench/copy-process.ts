import { createPublicFetch } from '../services/http/public-fetch.ts';
import { copyImage } from '../services/registry/image-copy.ts';
import { createImageOrigin } from '../services/registry/image-origin.ts';
import { createImagePush, type PushMethod } from '../services/registry/image-push.ts';
import { createRegistryClient, type Registry } from '../services/registry/registry-client.ts';
import { sendToRegistry } from '../services/registry/send-to-registry.ts';
import { peakMemory } from './peak-memory.ts';

/** Copies one image between two registries, as `Deliver` does, in a process of its own. */
const [from, to, digest = ''] = process.argv.slice(2);
const repository = 'bench/layer';
const [source, target] = [from, to].map((text) => JSON.parse(text ?? '') as Registry);
if (!source || !target) throw new Error('copy-process FROM TO DIGEST');
const limits = { timeoutMilliseconds: 600_000, signal: AbortSignal.timeout(600_000) };
const send = sendToRegistry(createPublicFetch({ privateHosts: [target.host] }), limits);
const push = createImagePush(createRegistryClient<PushMethod>(send), target, repository);
const start = performance.now();
const image = { repository, digest, tags: ['latest'], referrerTypes: [] };
await copyImage(createImageOrigin(source, limits), push, image, limits.signal);
process.send?.({ seconds: (performance.now() - start) / 1000, memory: await peakMemory() });
process.disconnect?.();
