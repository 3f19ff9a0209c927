import { expect, test } from 'vitest';
import { functionOf, resource, resources } from './template.ts';

const functionBehind = (routeKey: string) => {
  const route = resources('AWS::ApiGatewayV2::Route').find(({ Properties }) => Properties.RouteKey === routeKey);
  const integration = resource('AWS::ApiGatewayV2::Integration', route?.Properties.Target['Fn::Join'][1][1].Ref);
  return integration.Properties.IntegrationUri['Fn::GetAtt'][0];
};

test('deliveries go to the webhook, what is read and what the owner of a mail address answers to the pages, and there is nothing else', () => {
  expect(
    resources('AWS::ApiGatewayV2::Route')
      .map(({ Properties }) => Properties.RouteKey)
      .toSorted(),
  ).toEqual(['GET /', 'GET /{proxy+}', 'POST /addresses/{link}', 'POST /webhooks/github']);
  expect(functionBehind('POST /webhooks/github')).toBe(functionOf('github-webhook').resource.id);
  expect(functionBehind('GET /')).toBe(functionOf('site').resource.id);
  expect(functionBehind('GET /{proxy+}')).toBe(functionOf('site').resource.id);
  expect(functionBehind('POST /addresses/{link}')).toBe(functionOf('site').resource.id);
});

test('readers of the pages are held back before they can hold up the pipeline; deliveries are not', () => {
  const { RouteSettings, DefaultRouteSettings } = resource('AWS::ApiGatewayV2::Stage').Properties;
  const limit = { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 };
  expect(RouteSettings).toEqual({
    'GET /': limit,
    'GET /{proxy+}': limit,
    'POST /addresses/{link}': { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 },
  });
  expect(DefaultRouteSettings).not.toHaveProperty('ThrottlingRateLimit');
});

test('the access log has nothing in it that a caller made up', () => {
  const { Format } = resource('AWS::ApiGatewayV2::Stage').Properties.AccessLogSettings;
  expect(Format).not.toMatch(/\$context\.(?:path|identity\.userAgent|domainName)|\$request/);
});
