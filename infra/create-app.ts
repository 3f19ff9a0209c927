import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import cdk from '../cdk.json' with { type: 'json' };
import { parseConfig } from './config.ts';
import { SlipwayStack } from './stack.ts';

/**
 * The CDK app. The context of `cdk.json` holds whoever starts it: the CLI, a test or a machine without the CLI; what the CLI or
 * `CDK_CONTEXT_JSON` says goes before it.
 */
export function createApp({ outputFolder, slipway }: { outputFolder?: string; slipway?: unknown } = {}): App {
  const app = new App({
    context: cdk.context,
    ...(outputFolder === undefined ? {} : { outdir: outputFolder }),
    ...(slipway === undefined ? {} : { postCliContext: { slipway } }),
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  new SlipwayStack(app, parseConfig(app.node.tryGetContext('slipway')));
  return app;
}
