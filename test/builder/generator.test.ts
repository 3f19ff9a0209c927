import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import own from '../../builder/generator/package.json' with { type: 'json' };
import root from '../../package.json' with { type: 'json' };

const locked = (path: string) => {
  const { packages } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  return Object.keys(root.optionalDependencies).map((name) => packages[`node_modules/${name}`]);
};

test('CodeBuild installs the very Trivy that one machine has', () => {
  expect(own.optionalDependencies).toEqual(root.optionalDependencies);
  const [here, there] = [locked('../../package-lock.json'), locked('../../builder/generator/package-lock.json')];
  expect(there).toEqual(here);
  for (const each of here) expect(each?.integrity).toMatch(/^sha512-/);
});
