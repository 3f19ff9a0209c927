import { describe, expect, it } from 'vitest';
import { type CommandName, callerName, commands } from '../../core/api/commands.ts';
import { problemSchema } from '../../core/api/named.ts';
import { createAcceptCommand } from '../../functions/accept-command.ts';
import { setUpServices, silentLogger } from './services-setup.ts';

const userArn = 'arn:aws:sts::123456789012:assumed-role/Developers/alice';
const latest = { app: 'demo', job: 'app', tag: 'latest' };
const uuid = '0f9d6b52-5ca4-4a5a-9d8e-2a31d1f6c001';
const cascade = '20261121T120000Z-0000aa';
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

async function setUp() {
  const world = await setUpServices();
  await world.track();
  await world.queue('00000000000000aa');
  const cause = { type: 'schedule', schedule: '0 3 * * *' } as const;
  await world.cascades.recordEvent(cascade, { id: 'event', cause, at: '2026-11-21T12:00:00.000Z' });
  const accept = createAcceptCommand({ ...world, siteUrl: 'https://slipway.example', logger: silentLogger });
  const call = async (name: CommandName, pathParameters: Record<string, string>, body?: unknown) => {
    const { path } = commands[name];
    const { statusCode, body: text = '' } = await accept({
      routeKey: `POST ${path}`,
      rawPath: path.replace(/\{(\w+)\}/g, (_, part) => pathParameters[part] ?? ''),
      pathParameters,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      isBase64Encoded: false,
      requestContext: { requestId: 'JKJaXmPLvHcESHA=', authorizer: { iam: { userArn } } },
    });
    return { statusCode, answer: JSON.parse(text) as unknown };
  };
  return Object.assign(world, { call });
}

describe('the caller is named', () => {
  it.each([
    ['arn:aws:iam::123456789012:user/division/alice', 'alice'],
    ['arn:aws:iam::123456789012:root', 'root'],
    ['arn:aws:sts::123456789012:federated-user/alice', 'alice'],
    // Anybody who may take on the role may call the session after somebody else.
    ['arn:aws:sts::123456789012:assumed-role/Guests/alice', 'alice (Guests)'],
  ])('%s', (arn, name) => {
    expect(callerName(arn)).toBe(name);
  });
});

describe('a signed call', () => {
  it.each<[CommandName, Record<string, string>, object, object, { build: unknown }]>([
    [
      'build',
      latest,
      { id: uuid, commit: 'a'.repeat(40) },
      { type: 'manual', id: `manual:${uuid}`, commit: 'a'.repeat(40) },
      { build: expect.stringMatching(/^[0-9a-f]{16}$/) },
    ],
    [
      'hold',
      latest,
      { until: '2099-01-01', reason: 'the fair' },
      { type: 'hold', because: 'command', until: '2099-01-01', reason: 'the fair' },
      { build: null },
    ],
    ['unhold', latest, {}, { type: 'unhold', because: 'command' }, { build: null }],
    [
      'rollback',
      latest,
      { from: digest('1'), to: digest('2') },
      { type: 'rollback', from: digest('1'), to: digest('2') },
      { build: expect.any(String) },
    ],
    [
      'cancel',
      { build: '00000000000000aa' },
      { reason: 'wrong' },
      { type: 'cancel', build: '00000000000000aa', reason: 'wrong' },
      { build: '00000000000000aa' },
    ],
    [
      'cancel-cascade',
      { cascade },
      { reason: 'the wrong base' },
      { type: 'cancel-cascade', cascade, reason: 'the wrong base' },
      { build: null },
    ],
  ])('asks for a %s in the name that AWS knows', async (name, parameters, body, trigger, accepted) => {
    await using world = await setUp();
    const { statusCode, answer } = await world.call(name, parameters, body);
    expect(statusCode).toBe(202);
    expect(answer).toMatchObject(accepted);
    expect(world.sent).toMatchObject([{ ...trigger, requester: 'alice (Developers)' }]);
    expect(world.sent[0]).toHaveProperty('id', (answer as { id: string }).id);
  });

  it('that names itself is the same trigger when it is sent again; one without a body has a name of its own', async () => {
    await using world = await setUp();
    await world.call('build', latest, { id: uuid });
    await world.call('build', latest, { id: uuid });
    await world.call('build', latest);
    expect(world.sent.map(({ id }) => id)).toEqual([`manual:${uuid}`, `manual:${uuid}`, 'manual:JKJaXmPLvHcESHA=']);
  });

  it.each<[string, CommandName, Record<string, string>, unknown, number, string]>([
    ['of a project that the index does not have', 'build', { ...latest, tag: 'v2' }, {}, 404, 'ProjectNotFound'],
    ['of a name that no project can have', 'build', { ...latest, app: '..' }, {}, 404, 'NotFound'],
    ['of a build that is not there', 'cancel', { build: '00000000000000bb' }, {}, 404, 'BuildNotFound'],
    [
      'of a cascade that is not there',
      'cancel-cascade',
      { cascade: '20261121T120000Z-0000bb' },
      {},
      404,
      'CascadeNotFound',
    ],
    ['of an id that no cascade can have', 'cancel-cascade', { cascade: '20261121' }, {}, 404, 'NotFound'],
    ['of an id that no build can have', 'cancel', { build: '../x' }, {}, 404, 'NotFound'],
    ['that says who calls', 'build', latest, { requester: 'bob' }, 400, 'InvalidCommand'],
    ['with another trigger in it', 'hold', latest, { type: 'push' }, 400, 'InvalidCommand'],
    ['that is not JSON', 'build', latest, '{', 400, 'InvalidCommand'],
    ['without what it needs', 'rollback', latest, {}, 400, 'InvalidCommand'],
  ])('%s is refused, and says what is wrong', async (_, name, parameters, body, status, code) => {
    await using world = await setUp();
    const { statusCode, answer } = await world.call(name, parameters, body);
    expect(statusCode).toBe(status);
    expect(problemSchema.parse(answer)).toMatchObject({ status, code });
    expect(world.sent).toEqual([]);
  });

  it('of a project that has left the index is refused', async () => {
    await using world = await setUp();
    await world.track({ active: false });
    expect(await world.call('build', latest, {})).toMatchObject({ statusCode: 409 });
    expect(world.sent).toEqual([]);
  });
});
