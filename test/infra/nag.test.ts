import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { expect, test } from 'vitest';
import { createApp } from '../../infra/create-app.ts';

// The bundles say nothing to the rules, and take their time.
const app = createApp({ context: { 'aws:cdk:bundling-stacks': [] } });

interface Answer {
  path: string;
  id: string;
  reason: string;
}

const answers: Answer[] = app.node.findAll().flatMap(({ node }) =>
  node.metadata
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries(data as Record<string, string>))
    .map(([id, reason]) => ({ path: node.path, id: id.replace(/^annotation::/i, ''), reason })),
);

function findingsOf(pack: AwsSolutionsChecks, scope: IConstruct): { path: string; id: string }[] {
  const { violations } = pack.validateScope(scope);
  return violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath }) => ({ id: ruleName, path: constructPath ?? '' })),
  );
}

test('cdk-nag finds nothing that is not answered', () => {
  expect(App.isApp(app)).toBe(true);
  expect(findingsOf(new AwsSolutionsChecks(app), app)).toEqual([]);
});

test('every answer has a reason of its own', () => {
  expect(answers.filter(({ reason }) => reason.length < 40)).toEqual([]);
});

test('no answer has outlived its finding', () => {
  const deaf = new AwsSolutionsChecks(app);
  Reflect.set(deaf, 'isAcknowledged', () => false);
  const findings = findingsOf(deaf, app);
  expect(findings.length).toBeGreaterThan(20);
  const stale = answers.filter(
    ({ id, path }) => !findings.some((finding) => finding.id === id && finding.path.startsWith(path)),
  );
  expect(stale).toEqual([]);
});
