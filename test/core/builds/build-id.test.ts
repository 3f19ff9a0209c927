import { describe, expect, it } from 'vitest';
import { buildIdOf } from '../../../core/builds/build-id.ts';

describe('the id of a build', () => {
  it('is the same when its trigger comes twice, and another one for another project', () => {
    expect(buildIdOf('one', 'demo/app:latest')).toBe(buildIdOf('one', 'demo/app:latest'));
    expect(buildIdOf('one', 'demo/app:latest')).not.toBe(buildIdOf('one', 'demo/base:latest'));
    expect(buildIdOf('one', 'demo/app:latest')).toMatch(/^[0-9a-f]{16}$/);
  });
});
