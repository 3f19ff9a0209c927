import { parseArgs } from 'node:util';
import { type Benchmark, printTable, type Row } from './report.ts';

const benchmarks: Record<string, () => Promise<Benchmark>> = {
  start: () => import('./start.ts'),
  bundles: () => import('./bundles.ts'),
  'webhook-handler': () => import('./webhook-handler.ts'),
  'webhook-machine': () => import('./webhook-machine.ts'),
  'watch-sources': () => import('./watch-sources.ts'),
  registry: () => import('./registry.ts'),
  copy: () => import('./copy.ts'),
  release: () => import('./release.ts'),
  'watch-bases': () => import('./watch-bases.ts'),
  cascade: () => import('./cascade.ts'),
  'index-check': () => import('./index-check.ts'),
  'index-scale': () => import('./index-scale.ts'),
  manifests: () => import('./manifests.ts'),
  verdict: () => import('./verdict.ts'),
  scanners: () => import('./scanners.ts'),
  'control-plane': () => import('./control-plane.ts'),
  overhead: () => import('./overhead.ts'),
  site: () => import('./site.ts'),
};

/** They take longer than all others together, and run only by name. */
const long: typeof benchmarks = {
  memory: () => import('./memory.ts'),
  scale: () => import('./scale.ts'),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h' },
    trace: { type: 'boolean', default: false },
    entries: { type: 'string', default: '10000' },
    below: { type: 'string', default: '5000' },
    index: { type: 'string' },
    million: { type: 'boolean', default: false },
  },
});
const named = { ...benchmarks, ...long };
const unknown = positionals.filter((name) => !(name in named));
if (values.help || unknown.length > 0) {
  process.stdout.write(
    `npm run bench [-- NAME… [--trace] [--million] [--entries N] [--below N] [--index FOLDER]]

Measures Slipway on this machine and prints a table and, as the last line, JSON.
Benchmarks: ${Object.keys(benchmarks).join(', ')} (all of them without a name).
Only by name, as they take an hour: ${Object.keys(long).join(', ')}.
With --trace, "overhead" also prints where the time of a build went. With --million, "site" has a
million builds, which takes some 5 GB and a quarter of an hour. "scale" makes an index of --entries, of which --below depend on its
base image (10000 and 5000), or takes that of a folder index.d, whose base is centos/centos:latest.
Figures that have a bound are ratios within one run; single times mean little on a shared machine. Those of "start" are for two
cores that have nothing else to do.
`,
  );
  process.exit(unknown.length > 0 ? 2 : 0);
}

const options = { ...values, entries: Number(values.entries), below: Number(values.below) };
const rows: Row[] = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(benchmarks)) {
  process.stderr.write(`${name} …\n`);
  const benchmark = await named[name]?.();
  rows.push(...((await benchmark?.run(options)) ?? []));
}
printTable(rows);
process.stdout.write(`${JSON.stringify({ node: process.version, rows })}\n`);
process.exit(rows.some(({ kept }) => kept === false) ? 1 : 0);
