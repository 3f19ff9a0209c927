import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AssetHashType, type AssetOptions, DockerImage } from 'aws-cdk-lib';
import { type BuildOptions, buildSync } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** The code of modules, by their stems. */
type Bundles = ReadonlyMap<string, Uint8Array>;

let functions: Bundles | undefined;

/**
 * The code of `functions/<stem>.ts` with everything that it imports, the SDK too: the one that was tested, not the one that the runtime
 * happens to have. The first question bundles all functions in one run of esbuild, which
 * then reads once what they have in common: that takes a third of the time of a run for each.
 */
export function functionBundle(stem: string): Uint8Array {
  functions ??= bundle({
    entryPoints: readdirSync(join(root, 'functions'))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `functions/${name}`),
    minify: true,
    // Step Functions matches errors by their class's name.
    keepNames: true,
  });
  return codeOf(stem, functions);
}

/** The code of the builder's programs with everything that they import: of `main.ts`, and of `image-reader.ts`, which it starts. */
export function builderBundles(): ReadonlyMap<string, Uint8Array> {
  const entryPoints = ['builder/main.ts', 'builder/image-reader.ts'];
  return bundle({ entryPoints, minifySyntax: true, minifyWhitespace: true });
}

function bundle(options: BuildOptions): Bundles {
  const { outputFiles = [] } = buildSync({
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // An ES module that imports one of Node's gets all its names, and with those of `node:http` all of undici: a tenth of a start. So does
    // `import()`, by which AWS's clients get it for their first request.
    format: 'cjs',
    supported: { 'dynamic-import': false },
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    // Of packages that have both, the ES module: it is what tree shaking needs.
    mainFields: ['module', 'main'],
    // Only names that it would write to: the asset's folder is CDK's to choose.
    write: false,
    outdir: root,
    logLevel: 'warning',
    ...options,
  });
  return new Map(outputFiles.map(({ path, contents }) => [basename(path, '.js'), contents]));
}

function codeOf(stem: string, bundles: Bundles): Uint8Array {
  const code = bundles.get(stem);
  if (code === undefined) throw new Error(`There is no file ${stem}.ts to bundle.`);
  return code;
}

/** An asset of the files that `write` puts into a folder; its hash is that of these files. */
export function madeHere(name: string, write: (folder: string) => void): AssetOptions {
  return {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('unused: the files are made on the spot'),
      // CDK distinguishes assets of one source folder by this.
      command: [name],
      local: {
        tryBundle(folder: string): boolean {
          write(folder);
          return true;
        },
      },
    },
  };
}
