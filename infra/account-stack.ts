import { DefaultStackSynthesizer, type IStackSynthesizer, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import { LogDefaults } from './log-defaults.ts';

interface AccountStackProps {
  config: Config;
  description: string;
  /** The account that it is for. Absent: the one that it is deployed with. */
  account: string | undefined;
}

/** A stack as all of Slipway's are. There is one for each account that the configuration names. */
export class AccountStack extends Stack {
  constructor(scope: Construct, id: string, { config, description, account }: AccountStackProps) {
    super(scope, id, {
      description,
      ...(account === undefined ? {} : { env: { account, region: config.accounts?.region ?? '' } }),
      terminationProtection: true,
      analyticsReporting: false,
      propertyInjectors: [new LogDefaults(config.retention.logDays)],
      // The CLI checks the version of the bootstrap stack before it deploys; the template need not do it again.
      synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) as IStackSynthesizer,
    });
    // CDK writes a dependency beside each reference to a role; that is not a fault of the template.
    this.templateOptions.metadata = { 'cfn-lint': { config: { ignore_checks: ['W3005'] } } };
  }
}
