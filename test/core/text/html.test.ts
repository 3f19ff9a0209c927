import { expect, it } from 'vitest';
import { html } from '../../../core/text/html.ts';

it('escapes every value, in text and in quoted attributes', () => {
  expect(`${html`<a title="${`"'<>&`}">${'</a><script>'}</a>`}`).toBe(
    '<a title="&quot;&#39;&lt;&gt;&amp;">&lt;/a&gt;&lt;script&gt;</a>',
  );
});

it('keeps what it made itself, in lists too', () => {
  const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`);
  expect(`${html`<ul>${items}</ul>`}`).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>');
});

it('leaves out what is not there, but not a zero', () => {
  expect(`${html`${undefined}${null}${false}${''}${0}`}`).toBe('0');
});

it('takes nobody else for its own', () => {
  const lookalike = { toString: () => '<script>' } as unknown as string;
  expect(() => `${html`${lookalike}`}`).toThrow(TypeError);
});

it('keeps a value from turning the text around it', () => {
  expect(`${html`${'main\u202egnp\ud800'}`}`).toBe('maingnp\ufffd');
});
