import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import cdk from '../cdk.json' with { type: 'json' };
import { AccountStack } from './account-stack.ts';
import { parseConfig } from './config/parse-config.ts';
import type { Config } from './config.ts';
import { ImageAccount } from './image-account.ts';
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
  const config = parseConfig(app.node.tryGetContext('slipway'));
  new SlipwayStack(app, config, { hasTools, ...otherAccounts(app, config) });
  return app;
}

/** The stacks of the accounts beside that of the pipeline, which it needs to know. */
function otherAccounts(app: App, config: Config): { builds: AccountStack | undefined; images: ImageAccount[] } {
  if (!config.accounts) return { builds: undefined, images: [] };
  const { pipeline, builds: account, images } = config.accounts;
  const description = 'The machines of Slipway that build images, in an account of their own.';
  return {
    builds: account ? new AccountStack(app, `${config.prefix}Builds`, { config, description, account }) : undefined,
    images: images.map((each) => new ImageAccount(app, { config, account: each, pipeline })),
  };
}
