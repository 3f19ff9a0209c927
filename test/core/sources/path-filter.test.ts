import { describe, expect, it } from 'vitest';
import { touches } from '../../../core/sources/path-filter.ts';
import { cpuTime } from '../../cpu-time.ts';

describe('a push touches the paths of an entry', () => {
  it.each([
    ['src/main.c', 'src/**'],
    ['src/a/b/main.c', 'src/**'],
    ['src/a/b/main.c', 'src/'],
    ['src/a/b/main.c', 'src'],
    ['src/main.c', '/src/*.c'],
    ['src/main.c', './src/*.c'],
    ['src/lib/main.c', 'src/*'],
    ['README.md', '**/README.md'],
    ['docs/de/README.md', '**/README.md'],
    ['docs/README.md', 'docs/**/README.md'],
    ['docs/a/b/README.md', 'docs/**/README.md'],
    ['a/b/c.js', '**.js'],
    ['c.js', '**'],
    ['.github/x', '**'],
    ['.env', '*'],
    ['a/b', '/'],
    ['a1.txt', 'a[0-9].txt'],
    ['ab.txt', 'a[!0-9].txt'],
    ['ä.txt', '?.txt'],
    ['a*b', 'a\\*b'],
    ['a[b', 'a[b'],
    ['a+(b).txt', 'a+(b).txt'],
    ['a{b,c}', 'a{b,c}'],
  ])('%s by %s', (file, glob) => {
    expect(touches([glob], [file])).toBe(true);
  });

  it.each([
    ['lib/src/main.c', 'src/**'],
    ['src', 'src/*'],
    ['srcs/main.c', 'src'],
    ['src/a/main.c', 'src/*.c'],
    ['src/README.md', '*.md'],
    ['myREADME.md', '**/README.md'],
    ['docs/a/myREADME.md', 'docs/**/README.md'],
    ['a/b', 'a?b'],
    ['a/b', 'a[!x]b'],
    ['axb', 'a\\*b'],
    ['ax.txt', 'a.*txt'],
    ['SRC/main.c', 'src/**'],
    ['', 'src/**'],
  ])('%s not by %s', (file, glob) => {
    expect(touches([glob], [file])).toBe(false);
  });

  it('when one of its files counts, whatever the others are', () => {
    expect(touches(['src/**'], ['README.md', 'src/main.c'])).toBe(true);
    expect(touches(['src/**', 'Dockerfile'], ['README.md', 'docs/x'])).toBe(false);
    expect(touches(['src/**'], [])).toBe(false);
  });

  it('unless a later glob takes the file out, and a still later one in again', () => {
    expect(touches(['src/**', '!src/docs/**'], ['src/docs/a.md'])).toBe(false);
    expect(touches(['src/**', '!src/docs/**'], ['src/main.c'])).toBe(true);
    expect(touches(['!src/docs/**', 'src/**'], ['src/docs/a.md'])).toBe(true);
    expect(touches(['src/**', '!**.md', 'src/KEEP.md'], ['src/KEEP.md'])).toBe(true);
  });

  it('with everything but the exceptions where it has only exceptions', () => {
    expect(touches(['!docs/**', '!**/*.md'], ['docs/a', 'x/README.md'])).toBe(false);
    expect(touches(['!docs/**'], ['src/main.c'])).toBe(true);
  });

  it('is known at once for globs and paths that are made to take long', () => {
    const started = cpuTime();
    const globs = ['*a'.repeat(200), '**/'.repeat(200), '**a'.repeat(200), `${'**/'.repeat(200)}b`];
    expect(
      touches(
        globs.map((glob) => `${glob}!`),
        ['a'.repeat(2000), 'a/'.repeat(1000)],
      ),
    ).toBe(false);
    expect(cpuTime() - started).toBeLessThan(5_000);
  });
});
