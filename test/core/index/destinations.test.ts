import { describe, expect, it } from 'vitest';
import { destinationOf, destinationsOf, destinationTarget } from '../../../core/destinations/destination.ts';
import { planIndex } from '../../../core/index/plan-index.ts';
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

describe('the destinations of the whole index', () => {
  const readAll = (text: string, path = 'destinations.yml') => {
    const file = goodFile({ shop: { destinations: 'docker.io/acme/shop' }, web: {} });
    const index = readIndex([file, { path, text }], { now });
    const destinations = index.projects.map(destinationsOf);
    return { index, destinations, messages: index.diagnostics.map(({ message }) => message) };
  };

  it('are those of every entry, beside its own', () => {
    const { destinations, messages } = readAll(
      'destinations:\n  - quay.io/acme/\n  - ghcr.io/acme/{app-id}-{job-id}\n',
    );
    expect(messages).toEqual([]);
    expect(destinations).toEqual([
      ['docker.io/acme/shop', 'quay.io/acme/demo/shop', 'ghcr.io/acme/demo-shop'],
      ['quay.io/acme/demo/web', 'ghcr.io/acme/demo-web'],
    ]);
  });

  it.each([
    ['destinations: quay.io/acme/shop', 'would be the same for every image'],
    ['destinations: "{app-id}/{job-id}"', 'names no registry'],
    ['destination: quay.io/acme/', 'has the key "destinations" alone'],
    ['- quay.io/acme/', 'has the key "destinations" alone'],
  ])('are refused, and every project keeps what it has: %s', (text, message) => {
    const { index, messages } = readAll(`${text}\n`);
    expect(messages.join('\n')).toContain(message);
    const known = index.projects.map((project) => ({ ...project, destinations: ['quay.io/known/'] }));
    expect(planIndex(index, known).changed).toEqual([]);
  });
});

describe('two images with one destination', () => {
  const read2 = (files: Record<string, Record<string, string>>) => {
    const { projects, diagnostics } = readIndex([goodFile(files)], { now });
    return {
      destinations: projects.map((project) => project.destinations),
      messages: diagnostics.map(({ severity, entry, message }) => `${severity} ${entry}: ${message}`),
    };
  };

  it('are refused, and none of them is copied there', () => {
    const { destinations, messages } = read2({
      shop: { destinations: '[ghcr.io/acme/shop, quay.io/acme/]' },
      other: { destinations: 'ghcr.io/acme/shop' },
      third: { destinations: 'quay.io/acme/demo/shop' },
    });
    expect(destinations).toEqual([[], [], []]);
    expect(messages).toEqual([
      expect.stringMatching(/^error demo\/shop:latest: .*ghcr\.io\/acme\/shop is the destination of demo\/other too/),
      expect.stringMatching(
        /^error demo\/shop:latest: .*quay\.io\/acme\/demo\/shop is the destination of demo\/third too/,
      ),
      expect.stringMatching(/^error demo\/other:latest: /),
      expect.stringMatching(/^error demo\/third:latest: /),
    ]);
  });

  it('are no conflict if they are tags of one image', () => {
    const { destinations, messages } = read2({
      shop: { destinations: 'ghcr.io/acme/shop' },
      next: { 'job-id': 'shop', 'desired-tag': 'next', destinations: 'ghcr.io/acme/shop' },
    });
    expect(messages).toEqual([]);
    expect(destinations).toEqual([['ghcr.io/acme/shop'], ['ghcr.io/acme/shop']]);
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
