import { expect, it } from 'vitest';
import { nearest } from '../../../core/text/nearest.ts';

const known = ['demo/app', 'demo/base', 'library/nginx'];

it.each([
  ['demo/ap', 'demo/app'],
  ['demo/appp', 'demo/app'],
  ['demo/apq', 'demo/app'],
  ['dmeo/base', 'demo/base'],
  ['library/nignx', 'library/nginx'],
  ['demo/app', 'demo/app'],
  ['demo/nobody', undefined],
  ['nginx', undefined],
  ['', undefined],
])('of %j the nearest is %j', (word, expected) => {
  expect(nearest(word, known)).toBe(expected);
});
