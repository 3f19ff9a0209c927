import { describe, expect, it } from 'vitest';
import { code, link, shortened } from '../../../core/text/markdown.ts';

describe("a stranger's text", () => {
  it.each([
    ['demo/app:latest', '`demo/app:latest`'],
    ['a `b` c', '``a `b` c``'],
    ['`` ` ```', '```` `` ` ``` ````'],
    ['`', '`` ` ``'],
    [
      '@everyone <img src=x> [x](https://evil.example) ![](x)',
      '`@everyone <img src=x> [x](https://evil.example) ![](x)`',
    ],
    ['one\r\n\r\n# two\n- three', '`one # two - three`'],
    ['abc\u202edef\u2066\u200b', '`abc def`'],
    ['', '`(empty)`'],
    ['\n', '`(empty)`'],
  ])('is code and nothing else: %j', (text, expected) => expect(code(text)).toBe(expected));

  it('is cut', () => {
    expect(code('x'.repeat(1000), 10)).toBe(`\`${'x'.repeat(10)}…\``);
    expect(code(`${'x'.repeat(9)}😀`, 10)).toBe(`\`${'x'.repeat(9)}…\``);
  });

  it('does not leave the address that it is a part of', () => {
    expect(
      link(
        'index.d/a](https://evil.example) b.yml',
        'https://git.example/x',
        'index.d/a](https://evil.example) b.yml',
        '#L1',
      ),
    ).toBe(
      '[`index.d/a](https://evil.example) b.yml`](https://git.example/x/index.d/a%5D%28https%3A//evil.example%29%20b.yml#L1)',
    );
    expect(link('x', 'https://git.example', '\ud800')).toContain('%EF%BF%BD');
  });
});

describe('a list', () => {
  it('says how much of it is not shown', () => {
    expect(shortened(['a', 'b', 'c'], 2)).toEqual(['a', 'b', '- … and 1 more']);
    expect(shortened(['a', 'b'], 2)).toEqual(['a', 'b']);
  });
});
