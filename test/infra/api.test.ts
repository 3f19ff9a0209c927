import { expect, test } from 'vitest';
import { functionOf, resource, resources } from './template.ts';

const functionBehind = (routeKey: string) => {
  const route = resources('AWS::ApiGatewayV2::Route').find(({ Properties }) => Properties.RouteKey === routeKey);
  const integration = resource('AWS::ApiGatewayV2::Integration', route?.Properties.Target['Fn::Join'][1][1].Ref);
  return integration.Properties.IntegrationUri['Fn::GetAtt'][0];
};

/** What only operators may read. */
const operators = ['/api/v1/operators', '/operators'].flatMap((path) => [`GET ${path}`, `HEAD ${path}`]);

const commands = [
  'POST /api/v1/builds/{build}/cancel',
  'POST /api/v1/cascades/{cascade}/cancel',
  'POST /api/v1/projects/{app}/{job}/{tag}/builds',
  'POST /api/v1/projects/{app}/{job}/{tag}/hold',
  'POST /api/v1/projects/{app}/{job}/{tag}/rollback',
  'POST /api/v1/projects/{app}/{job}/{tag}/unhold',
];

const redelivery = 'POST /api/v1/projects/{app}/{job}/{tag}/redeliveries';
const promotion = 'POST /api/v1/projects/{app}/{job}/{tag}/promotions';

test('commands and what only operators may read have to be signed, and go to functions of their own', () => {
  const signed = resources('AWS::ApiGatewayV2::Route').filter(
    ({ Properties }) => Properties.AuthorizationType === 'AWS_IAM',
  );
  const reads = ['GET /api/signed/{proxy+}', 'HEAD /api/signed/{proxy+}'];
  expect(signed.map(({ Properties }) => Properties.RouteKey).toSorted()).toEqual(
    [...operators, ...reads, ...commands, promotion, redelivery].toSorted(),
  );
  for (const read of reads) expect(functionBehind(read)).toBe(functionOf('site').resource.id);
  for (const command of commands) expect(functionBehind(command)).toBe(functionOf('accept-command').resource.id);
  expect(functionBehind(promotion)).toBe(functionOf('promote').resource.id);
  expect(functionBehind(redelivery)).toBe(functionOf('redeliver').resource.id);
  for (const read of operators) expect(functionBehind(read)).toBe(functionOf('inform-operators').resource.id);
});

test('deliveries go to the webhook, what is read and what the owner of a mail address answers to the pages, and there is nothing else', () => {
  expect(
    resources('AWS::ApiGatewayV2::Route')
      .filter(({ Properties }) => Properties.AuthorizationType !== 'AWS_IAM')
      .map(({ Properties }) => Properties.RouteKey)
      .toSorted(),
  ).toEqual([
    'ANY /api/{proxy+}',
    'GET /',
    'GET /{proxy+}',
    'HEAD /',
    'HEAD /{proxy+}',
    'POST /addresses/{link}',
    'POST /webhooks/{kind}',
  ]);
  expect(functionBehind('POST /webhooks/{kind}')).toBe(functionOf('webhook').resource.id);
  for (const path of [
    'GET /',
    'HEAD /',
    'GET /{proxy+}',
    'HEAD /{proxy+}',
    'ANY /api/{proxy+}',
    'POST /addresses/{link}',
  ])
    expect(functionBehind(path)).toBe(functionOf('site').resource.id);
});

test('readers of the pages are held back before they can hold up the pipeline; deliveries are not', () => {
  const { RouteSettings, DefaultRouteSettings } = resource('AWS::ApiGatewayV2::Stage').Properties;
  const limit = { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 };
  expect(RouteSettings).toEqual({
    'ANY /api/{proxy+}': limit,
    'GET /': limit,
    'GET /{proxy+}': limit,
    'HEAD /': limit,
    'HEAD /{proxy+}': limit,
    'POST /addresses/{link}': { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 },
  });
  expect(DefaultRouteSettings).not.toHaveProperty('ThrottlingRateLimit');
});

test('the access log has nothing in it that a caller made up', () => {
  const { Format } = resource('AWS::ApiGatewayV2::Stage').Properties.AccessLogSettings;
  expect(Format).not.toMatch(/\$context\.(?:path|identity\.userAgent|domainName)|\$request/);
});
