import { describe, expect, it } from 'vitest';
import { destinationOf, destinationsOf, destinationTarget } from '../../../core/destinations/destination.ts';
import { readIndex } from '../../../core/index/read-index.ts';
import { goodFile, now } from './index-texts.ts';

const read = (destinations: string) => {
  const file = goodFile({ app: {} });
  const text = `${file.text.trimEnd()}\n    destinations: ${destinations}\n`;
  const { projects, diagnostics } = readIndex([{ ...file, text }], { now });
  return { destinations: projects[0]?.destinations, messages: diagnostics.map(({ message }) => message) };
};

describe('the destinations of an entry', () => {
  it.each([
    ['ghcr.io/acme/shop', ['ghcr.io/acme/shop']],
    [
      '[docker.io/acme/shop, "registry.example.org:5000/acme/"]',
      ['docker.io/acme/shop', 'registry.example.org:5000/acme/'],
    ],
  ])('are read: %s', (written, destinations) => {
    expect(read(written)).toEqual({ destinations, messages: [] });
  });

  it.each([
    ['acme/shop', 'names no registry. Write it with the host: ghcr.io/acme/shop.'],
    ['ghcr.io/acme/shop:latest', 'without a tag and a digest: a copy has the tags of the release.'],
    ['ghcr.io/Acme/shop', 'must be in lower case'],
    ['https://ghcr.io/acme', "is not an image's name"],
    ['ghcr.io/../x', "is not an image's name"],
  ])('are refused: %s', (written, message) => {
    const { destinations, messages } = read(`"${written}"`);
    expect(destinations).toBeUndefined();
    expect(messages.join('\n')).toContain(message);
  });
});

describe('a destination', () => {
  const owner = {
    appId: 'demo',
    jobId: 'app',
    destinations: ['ghcr.io/acme/', 'quay.io/acme/shop', 'quay.io/acme/shop'],
  };

  it('that is a folder has the image under its own name', () => {
    expect(destinationsOf(owner)).toEqual(['ghcr.io/acme/demo/app', 'quay.io/acme/shop']);
    expect(destinationsOf({ ...owner, appId: 'library' })).toEqual(['ghcr.io/acme/app', 'quay.io/acme/shop']);
  });

  it('has a target for the branch and one for each version, which are known by their names', () => {
    const targets = ['refs/heads/main', 'refs/tags/v1.2.3'].map((ref) => destinationTarget('quay.io/acme/shop', ref));
    expect(targets).toEqual(['quay.io/acme/shop', 'quay.io/acme/shop:1.2.3']);
    for (const target of targets) expect(destinationOf(owner, target)).toBe('quay.io/acme/shop');
    expect(destinationOf(owner, 'quay.io/acme/shop-two')).toBeUndefined();
  });
});
