import { UpstreamError } from '../../core/model/errors.ts';
import { type Registry, TagTakenError } from '../../services/registry/registry.ts';

/** A registry whose `build-` tags never move, in memory. */
export function createFakeRegistry() {
  const twins = new Set<string>();
  const images = new Map<string, Set<string>>();
  const tags = new Map<string, Map<string, string>>();
  const attached = new Map<string, Map<string, string>>();
  const imagesOf = (repository: string) => held(images, repository, new Set<string>());
  const tagsOf = (repository: string) => held(tags, repository, new Map<string, string>());
  const registry: Registry = {
    host: 'registry.example',
    haveSameContent: async ({ repository, digest }, other) =>
      imagesOf(repository).has(digest) && (digest === other.digest || twins.has(`${digest} ${other.digest}`)),
    async digestOf(repository, reference) {
      return imagesOf(repository).has(reference) ? reference : tagsOf(repository).get(reference);
    },
    async copy(digest, from, to) {
      if (!imagesOf(from).has(digest)) throw new UpstreamError(`The registry does not have ${from}@${digest}.`);
      imagesOf(to).add(digest);
    },
    async attach(repository, digest, { type, bytes, annotations }) {
      if (!imagesOf(repository).has(digest)) throw new UpstreamError(`${repository} does not have ${digest}.`);
      const kind = annotations?.['dev.sigstore.bundle.predicateType'] ?? type;
      held(attached, `${repository}@${digest}`, new Map()).set(kind, Buffer.from(bytes).toString());
    },
    async tag(repository, digest, tag) {
      if (!imagesOf(repository).has(digest)) throw new UpstreamError(`${repository} does not have ${digest}.`);
      const present = tagsOf(repository).get(tag);
      if (tag.startsWith('build-') && present !== undefined && present !== digest) throw new TagTakenError(tag);
      tagsOf(repository).set(tag, digest);
    },
    tags: async (repository) => [...tagsOf(repository).keys()],
  };
  return {
    registry,
    /** The one image is the other but for times. */
    twin: (one: string, other: string) => void twins.add(`${one} ${other}`),
    push: (repository: string, digest: string) => void imagesOf(repository).add(digest),
    /** As a registry deletes it: with its images and their tags. */
    deleteRepository(repository: string) {
      images.delete(repository);
      tags.delete(repository);
    },
    /** The content by the media type, of a signed statement by the type of its predicate. */
    attachedTo: (repository: string, digest: string) =>
      Object.fromEntries(attached.get(`${repository}@${digest}`) ?? []),
    /** Tag to digest. */
    tagsOf: (repository: string) => Object.fromEntries(tagsOf(repository)),
  };
}

function held<Value>(all: Map<string, Value>, name: string, fresh: Value): Value {
  const value = all.get(name) ?? fresh;
  all.set(name, value);
  return value;
}
