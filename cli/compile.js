// Compiles the command after `npm ci`, because Node takes longer to read its TypeScript than it runs (docs/decisions/compiled-command.md).
// The command works without it, so a failure is only reported.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { folder, madeOf, root } from './compiled.js';

/**
 * A file finds what is beside it by its own address, in the compiled program too.
 * @type {import('esbuild').Plugin}
 */
const ownAddresses = {
  name: 'own-addresses',
  setup({ onLoad }) {
    onLoad({ filter: /\/cli\/.*\.ts$/ }, async ({ path }) => {
      const address = JSON.stringify(pathToFileURL(path).href);
      return { loader: 'ts', contents: (await readFile(path, 'utf8')).replaceAll('import.meta.url', address) };
    });
  },
};

/**
 * What packages do when they are loaded, and no command uses: commander imports what starts programs as subcommands, and `process`, of which
 * Node then reads every property, the standard input among them; packageurl-js sorts eight numbers by the rules of a language.
 */
const leftOut = [
  { file: /\/commander\/lib\/command\.js$/, text: "import childProcess from 'node:child_process';", by: '' },
  { file: /\/commander\/lib\/command\.js$/, text: "import process from 'node:process';", by: '' },
  {
    file: /\/packageurl-js\/src\/strings\.js$/,
    text: 'new Intl.Collator()',
    by: '{ compare: (one, other) => one - other }',
  },
];

/** @type {import('esbuild').Plugin} */
const lighterPackages = {
  name: 'lighter-packages',
  setup({ onLoad }) {
    onLoad({ filter: /\/(?:commander|packageurl-js)\// }, async ({ path }) => {
      const ofFile = leftOut.filter(({ file }) => file.test(path));
      if (ofFile.length === 0) return undefined;
      const source = await readFile(path, 'utf8');
      const missing = ofFile.find(({ text }) => !source.includes(text));
      if (missing) throw new Error(`${path} has changed, and no longer says ${missing.text}`);
      return { contents: ofFile.reduce((contents, { text, by }) => contents.replace(text, by), source) };
    });
  },
};

await compile().catch((error) => process.stderr.write(`The command is not compiled, and starts slower: ${error}\n`));

async function compile() {
  const { build } = await import('esbuild');
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['cli/main.ts'],
    bundle: true,
    // A command's file is loaded only when it is called.
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Of packages that have both, the ES module: it is what tree shaking needs.
    mainFields: ['module', 'main'],
    minifySyntax: true,
    minifyWhitespace: true,
    // CommonJS packages load Node's modules with `require`, which an ES module does not have.
    banner: {
      js: "import{createRequire as bannerRequire}from'node:module';const require=bannerRequire(import.meta.url);",
    },
    outExtension: { '.js': '.mjs' },
    ...{ outdir: folder, write: false, metafile: true },
    plugins: [ownAddresses, lighterPackages],
    logLevel: 'error',
  });
  const sources = Object.keys(metafile.inputs).filter((path) => !path.startsWith('node_modules/'));
  const list = madeOf({ root, files: [...sources, 'package-lock.json', 'node_modules/.package-lock.json'] });
  const unfinished = `${folder}.${randomUUID()}`;
  await mkdir(unfinished, { recursive: true });
  await Promise.all(outputFiles.map(({ path, contents }) => writeFile(path.replace(folder, unfinished), contents)));
  await writeFile(join(unfinished, list.name), list.text);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
  // Node keeps what it has compiled of it.
  const example = fileURLToPath(new URL('../examples/index', import.meta.url));
  spawnSync(process.execPath, [join(root, 'cli', 'slipway.js'), 'index', 'check', example], { stdio: 'ignore' });
}
