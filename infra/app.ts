import { ConfigError } from './config/parse-config.ts';
import { createApp } from './create-app.ts';

try {
  const hasTools = process.argv.includes('--with-tools');
  createApp({ outputFolder: process.env.CDK_OUTDIR ?? 'cdk.out', hasTools }).synth();
} catch (error) {
  // The operator's own mistake: what to correct says more than where the program noticed it.
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
