import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import cdk from '../cdk.json' with { type: 'json' };
import { parseConfig } from './config.ts';
import { SlipwayStack } from './stack.ts';

interface AppOptions {
  /** Where the cloud assembly is written. */
  outputFolder?: string;
  /** Takes precedence over the context of `cdk.json` and of the CLI. */
  context?: Record<string, unknown>;
  /** Puts the tools that builders need into their program. One machine has its own. @default false */
  hasTools?: boolean;
}

/**
 * The CDK app; cdk-nag checks it when it is synthesised. The caller (the CLI, a test or a machine without the CLI) passes the context of
 * `cdk.json`; what the CLI or `CDK_CONTEXT_JSON` says takes precedence over it.
 */
export function createApp({ outputFolder, context = {}, hasTools = false }: AppOptions = {}): App {
  const app = new App({
    context: cdk.context,
    postCliContext: context,
    ...(outputFolder === undefined ? {} : { outdir: outputFolder }),
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  new SlipwayStack(app, parseConfig(app.node.tryGetContext('slipway')), { hasTools });
  return app;
}
