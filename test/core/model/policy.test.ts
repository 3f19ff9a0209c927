import { describe, expect, it } from 'vitest';
import {
  defaultPolicy,
  effectivePolicy,
  type OwnPolicy,
  weakerThan,
  withOwnPolicy,
} from '../../../core/model/policy.ts';

describe('the policy that counts', () => {
  it('is the entry over the index over the configuration, key by key', () => {
    const index: OwnPolicy = { maxSeverity: 'LOW', scanners: { sbom: 'block', 'user-test': 'warn' } };
    const entry: OwnPolicy = { maxUnfixableSeverity: 'HIGH', scanners: { 'user-test': 'ignore' } };
    expect(effectivePolicy(defaultPolicy, withOwnPolicy(index, entry))).toEqual({
      maxSeverity: 'LOW',
      maxUnfixableSeverity: 'HIGH',
      unscannable: 'block',
      unsigned: 'block',
      scanners: { ...defaultPolicy.scanners, sbom: 'block', 'user-test': 'ignore' },
    });
    expect(effectivePolicy(defaultPolicy, undefined)).toEqual(defaultPolicy);
  });

  it.each([
    ['nothing', undefined],
    ['an empty one', {}],
    ['no mapping', 'MEDIUM'],
    ['one without its scanners', { ...defaultPolicy, scanners: {} }],
    ['a severity that nobody knows', { ...defaultPolicy, maxSeverity: 'PERHAPS' }],
  ])('is none where the configuration has %s and nobody says the rest', (_, pipeline) => {
    expect(effectivePolicy(pipeline, undefined)).toBeUndefined();
    expect(effectivePolicy(pipeline, { maxSeverity: 'LOW' })).toBeUndefined();
    expect(effectivePolicy(pipeline, defaultPolicy)).toEqual(defaultPolicy);
  });
});

describe('an entry is weaker than the index', () => {
  it.each([
    [{ maxSeverity: 'HIGH' }, { maxSeverity: 'MEDIUM' }, ['max-severity']],
    [{ maxSeverity: 'LOW' }, { maxSeverity: 'MEDIUM' }, []],
    [{ maxSeverity: 'UNDEFINED' }, { maxSeverity: 'MEDIUM' }, []],
    [{ maxUnfixableSeverity: 'HIGH' }, { maxSeverity: 'MEDIUM' }, ['max-unfixable-severity']],
    [{ unscannable: 'warn' }, { unscannable: 'block' }, ['unscannable']],
    [{ unsigned: 'warn' }, { unsigned: 'block' }, ['unsigned']],
    [{ scanners: { sbom: 'ignore' } }, { scanners: { sbom: 'warn' } }, ['scanners, sbom']],
    [{ scanners: { sbom: 'block' } }, { scanners: { sbom: 'warn' } }, []],
    [{ scanners: { sbom: 'ignore' } }, {}, []],
  ] as [OwnPolicy, OwnPolicy, string[]][])('%j over %j: %j', (entry, index, keys) => {
    expect(weakerThan(index, entry).map(({ path }) => path.join(', '))).toEqual(keys);
  });
});
