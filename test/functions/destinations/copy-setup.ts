import type { Deliverable } from '../../../core/targets/deliverable.ts';
import type { TargetState } from '../../../core/targets/target-state.ts';
import { createCopyDue } from '../../../functions/copy-releases.ts';
import { createCopyReleases } from '../../../functions/destinations/copy-releases.ts';
import { createRetryDeliveries } from '../../../functions/retry-deliveries.ts';
import { createDelivery } from '../../../functions/targets/deliver-release.ts';
import { createTrackTargets } from '../../../functions/targets/track-targets.ts';
import type { DeliveryWorkers } from '../../../services/aws/delivery-workers.ts';
import { createPublicFetch, type PublicFetch } from '../../../services/http/public-fetch.ts';
import { createImageOrigin } from '../../../services/registry/image-origin.ts';
import { createTargets } from '../../../services/tables/targets.ts';
import { sampleProject } from '../../core/sample-project.ts';
import { manifestOf, sha256 } from '../../local/registry/image-parts.ts';
import { createClient } from '../../local/registry/registry-client.ts';
import { startRegistryMachine } from '../../local/registry/registry-machine.ts';
import { createTables } from '../../services/tables.ts';
import { silentLogger } from '../services-setup.ts';
import { releaseOf } from '../targets/delivery-setup.ts';

const projectName = 'demo/app:latest';
const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const empty = Buffer.from('{}');

/** The pipeline's registry with releases in it, another registry, and the delivery from one to the other. */
export async function setUpCopies(places: string[] = ['copies/app']) {
  const own = await startRegistryMachine();
  const other = await startRegistryMachine();
  const [ownHost, otherHost] = [own, other].map(({ url }) => new URL(url).host);
  const [owner, reader] = [createClient(own.url, own.owner), createClient(other.url, other.owner)];
  const login = (authorization: string) => {
    const [user = '', password = ''] = Buffer.from(authorization.slice('Basic '.length), 'base64')
      .toString()
      .split(':');
    return { user, password };
  };
  const registry = { url: own.url, host: ownHost ?? '', credentials: login(own.owner) };
  const real = createPublicFetch({ privateHosts: [otherHost ?? ''] });
  const network = { fetch: real, real, requests: [] as string[] };
  const fetch: PublicFetch = (url, request) => {
    network.requests.push(`${request?.method ?? 'GET'} ${new URL(url).pathname}`);
    return network.fetch(url, request);
  };
  const secret: { login: { user: string; password: string } | 'withheld' | undefined } = { login: login(other.owner) };
  const targets = createTargets(createTables(), 'targets');
  const copyReleases = createCopyReleases({
    credentials: async () => secret.login,
    fetch,
    openOrigin: async (limits) => createImageOrigin(registry, limits),
  });
  const destinations = places.map((place) => `${otherHost}/${place}`);
  const project = { ...sampleProject(projectName, { destinations }), sequence: 1 };
  const notified: TargetState[] = [];
  const notify = async (state: TargetState) => void notified.push(state);
  const track = createTrackTargets({ targets, notify, logger: silentLogger });
  const projects = { get: async () => project };
  const copyDue = createCopyDue({ projects, track, copyReleases });
  const clock = { now: () => new Date() };
  const workers: DeliveryWorkers = { start: async (_, name) => void (await copyDue({ project: name }, clock.now())) };
  const delivery = createDelivery({ targets, track, writeManifests: async () => new Map(), workers });

  return {
    network,
    secret,
    destinations,
    reader,
    targets,
    otherUrl: other.url,
    /** What people got a mail about. */
    notified,

    /** A release of some layers, with what Slipway puts beside it and a referrer of somebody else. */
    async release(number: number, layers: Buffer[], over: Partial<Deliverable> = {}): Promise<Deliverable> {
      const digest = await owner.pushImage('demo/app', `build-${number}`, layers, Buffer.from(`{"n":${number}}`));
      const release = releaseOf(number, { repository: `${ownHost}/demo/app`, digest, ...over });
      for (const tag of release.tags)
        await owner.putManifest('demo/app', tag, manifestOf(Buffer.from(`{"n":${number}}`), layers));
      const size = manifestOf(Buffer.from(`{"n":${number}}`), layers).length;
      await owner.pushBlob('demo/app', empty);
      for (const [artifactType, text] of [
        [bundle, 'signature'],
        ['application/spdx+json', 'sbom'],
        ['application/x-notes', 'of somebody else'],
      ] as const) {
        const content = Buffer.from(`${text} ${number}`);
        await owner.pushBlob('demo/app', content);
        const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size };
        const manifest = manifestOf(empty, [content], { artifactType, subject, annotations: { kind: text } });
        await owner.putManifest('demo/app', sha256(manifest), manifest);
      }
      return release;
    },

    deliver: (release: Deliverable) => delivery.deliver(project, release, { call: { type: 'release' } }),

    /** The run that tries again what is due, on a later day. */
    later(days: number) {
      const day = new Date(Date.now() + days * 86_400_000);
      clock.now = () => day;
      return createRetryDeliveries({ projects, releases: { get: async () => undefined }, targets, track, delivery })(
        {},
        day,
      );
    },

    async digestAt(place: string, reference: string): Promise<string | undefined> {
      const { status, headers } = await reader.call('HEAD', `/v2/${place}/manifests/${reference}`);
      return status === 200 ? String(headers['docker-content-digest']) : undefined;
    },

    async referrersAt(place: string, digest: string): Promise<string[]> {
      const { body } = await reader.call('GET', `/v2/${place}/referrers/${digest}`);
      return JSON.parse(body.toString()).manifests.map(({ artifactType }: { artifactType: string }) => artifactType);
    },

    async [Symbol.asyncDispose]() {
      await own.stop();
      await other.stop();
    },
  };
}
