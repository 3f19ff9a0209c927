import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AddTagsToResourceCommand, DescribeInstanceInformationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { startHost } from '../services/http.ts';
import { runCommand } from './command.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;

beforeAll(async () => {
  slipway = await startSlipway();
  await slipway.standIn();
});
afterAll(() => slipway?.stop());

const deploy = `
      - {name: staging, repository: demo/delivered, path: deploy, kind: kubernetes}
      - {name: production, repository: ops/live, path: app, kind: kustomize, on: promotion, mode: pull-request}
      - {name: web, kind: ecs, cluster: demo, service: web}
      - {name: servers, kind: ssm, servers: Machine=local, container: slipway-demo}`;
const kustomization = `images:
  - name: demo/delivered
    newName: nowhere   # by Slipway
    newTag: "0"
`;
const referrersSchema = z.object({ manifests: z.array(z.object({ artifactType: z.string() })) });
const pullsSchema = z.array(z.object({ number: z.int(), title: z.string() }));
const targetsSchema = z.object({ targets: z.array(z.object({ name: z.string(), state: z.string() })) });

/** A service that runs, and the machine as a server without a container, as an operator has them. */
async function makeServices() {
  const { endpoint, region, credentials } = slipway.machine;
  const [ecs, ssm] = [
    new ECSClient({ endpoint, region, credentials }),
    new SSMClient({ endpoint, region, credentials }),
  ];
  await ecs.send(new CreateClusterCommand({ clusterName: 'demo' }));
  const containerDefinitions = [{ name: 'web', image: 'nginx:1' }];
  const tags = [{ key: 'team', value: 'demo' }];
  await ecs.send(new RegisterTaskDefinitionCommand({ family: 'web', containerDefinitions, tags }));
  await ecs.send(new CreateServiceCommand({ cluster: 'demo', serviceName: 'web', taskDefinition: 'web' }));
  const { InstanceInformationList = [] } = await ssm.send(new DescribeInstanceInformationCommand({}));
  const ResourceId = InstanceInformationList[0]?.InstanceId;
  const Tags = [{ Key: 'Machine', Value: 'local' }];
  await ssm.send(new AddTagsToResourceCommand({ ResourceType: 'ManagedInstance', ResourceId, Tags }));
  return async () => {
    const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster: 'demo', services: ['web'] }));
    const describe = new DescribeTaskDefinitionCommand({ taskDefinition: services[0]?.taskDefinition });
    return (await ecs.send(describe)).taskDefinition?.containerDefinitions?.[0]?.image;
  };
}

/** Lets copies into a folder of the machine's registry, as an operator does, and says how the folder is read. */
async function allowCopies(folder: string) {
  const { endpoint, region, credentials, outputs } = slipway.machine;
  const { accessKeyId: username, secretAccessKey: password } = credentials;
  await new SecretsManagerClient({ endpoint, region, credentials }).send(
    new PutSecretValueCommand({
      SecretId: outputs.RegistryCredentialsSecretArn,
      SecretString: JSON.stringify({ [folder]: { username, password, 'app-ids': ['demo'] } }),
    }),
  );
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** Stores an address for the entries of `demo`, as an operator does. */
async function storeAddress(name: string, SecretString: string): Promise<void> {
  const { endpoint, region, credentials, outputs } = slipway.machine;
  const making = new CreateSecretCommand({ Name: `${outputs.NotifyUrlsPrefix}demo/${name}`, SecretString });
  await new SecretsManagerClient({ endpoint, region, credentials }).send(making);
}

it('a release is committed to the manifests of staging, copied, and gets to production by merging its pull request', async () => {
  const { host } = new URL(slipway.machine.url);
  const copies = `${host}/copies`;
  const reader = await allowCopies(copies);
  const runningImage = await makeServices();
  const live = await slipway.workingCopy('ops/live');
  await live.write({ 'app/kustomization.yaml': kustomization });
  await live.push('Begin');
  await using receiver = await startHost((_, response) => void response.end());
  await storeAddress('chat', `${receiver.url}/chat`);
  const notifyUrl = `[${receiver.url}/events, {secret: chat, format: slack, events: released}]`;
  await slipway.track(
    slipway.entry('delivered', { deploy, destinations: `${copies}/delivered`, 'notify-url': notifyUrl }),
  );
  const manifest = '# The one of staging\nspec: {containers: [{image: "demo/delivered"}]}\n';
  const commit = await slipway.pushSource('delivered', {
    Dockerfile: `${smallDebian}RUN echo hello > /hello\n`,
    'deploy/app.yaml': manifest,
  });
  const build = await slipway.ended('delivered', commit);
  expect(build.status).toBe('released');
  const mail = await slipway.until('the mail about the build', async () =>
    (await slipway.client.messages()).find(({ subject }) => subject.startsWith('[slipway] RELEASED: demo/delivered:')),
  );
  const { digest = '', repository = '', tags = [] } = build.image ?? {};
  const tag = tags.find((each) => each.startsWith('build-')) ?? '';

  const posted = await slipway.until('what the addresses get', async () =>
    receiver.requests.length < 2
      ? undefined
      : receiver.requests.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
  );
  expect(posted.map(({ path }) => path)).toEqual(['/chat', '/events']);
  expect(JSON.parse(posted[1]?.body ?? '')).toMatchObject({ type: 'slipway.released.v1', data: { id: build.id } });
  expect(posted[1]?.headers['webhook-signature']).toMatch(/^v1,/);
  await slipway.until('the outcome on the page', async () => {
    const page = await (await fetch(`${slipway.machine.url}/projects/demo/delivered/latest`)).text();
    return /Notified addresses.*the address in the secret chat.*delivered/s.test(page) || undefined;
  });

  const source = await slipway.workingCopy('demo/delivered');
  await source.git('fetch', '--quiet', 'origin', 'main');
  expect(`${await source.git('show', 'FETCH_HEAD:deploy/app.yaml')}\n`).toBe(
    manifest.replace('demo/delivered', `${repository}:${tag}@${digest}`),
  );
  expect(await source.git('log', '-1', '--format=%an%n%s', 'FETCH_HEAD')).toBe(
    `Slipway\nDeploy demo/delivered ${tag} to staging`,
  );
  expect(await source.git('cat-file', 'commit', 'FETCH_HEAD')).toContain('\ngpgsig -----BEGIN SSH SIGNATURE-----\n');
  const signers = await fetch(`${slipway.machine.url}/.well-known/slipway/allowed_signers`);
  expect(await signers.text()).toMatch(/^slipway@\S+ namespaces="git" ecdsa-sha2-nistp256 AAAA\S+\n$/);
  const text = await slipway.client.mailText(mail.id);
  expect(text).toContain(`staging has ${tag}`);
  // The mail does not wait for copies.
  expect(text).toMatch(new RegExp(`${copies}/delivered (?:gets|has) ${tag}`));
  const copy = `${slipway.machine.url}/v2/copies/delivered`;
  const ofCopy = await slipway.until('the copy', async () => {
    const answer = await fetch(`${copy}/manifests/latest`, { method: 'HEAD', headers: reader });
    return answer.headers.get('docker-content-digest') ?? undefined;
  });
  expect(ofCopy).toBe(digest);
  const beside = await (await fetch(`${copy}/referrers/${digest}`, { headers: reader })).json();
  expect(referrersSchema.parse(beside).manifests).toContainEqual({
    artifactType: expect.stringContaining('sigstore.bundle'),
  });

  // What runs the image, and how it ended, by mail.
  const about = async (subject: string) =>
    (await slipway.client.messages()).find((each) => each.subject === `[slipway] ${subject}`);
  await slipway.until('the deployment', () => about(`DEPLOYED: demo/delivered:latest ${tag} to web`));
  expect(await runningImage()).toBe(`${repository}@${digest}`);
  const refused = await slipway.until('the refusal of the server', () =>
    about(`NOT DEPLOYED: demo/delivered:latest ${tag} to servers`),
  );
  expect(await slipway.client.mailText(refused.id)).toContain('There is no file');
  const ofBuild = await (await fetch(`${slipway.machine.url}/builds/${build.id}`)).text();
  expect(ofBuild).toContain('There is no file');

  // The commit is in the repository of the source, and yet nothing is built because of it.
  await slipway.invoke('WatchSources');
  expect(await slipway.builds('delivered')).toHaveLength(1);

  const api = `${slipway.machine.url}/github/repos/ops/live/pulls`;
  const headers = { authorization: `token ${slipway.machine.gitHubToken}` };
  const [pull] = pullsSchema.parse(await (await fetch(api)).json());
  expect(pull?.title).toBe(`Deploy demo/delivered ${tag} to production`);
  const merged = await fetch(`${api}/${pull?.number}/merge`, { method: 'PUT', headers, body: '{}' });
  expect(merged.status).toBe(200);
  const promote = (to: string) => runCommand(slipway.machine, 'promote', 'demo/delivered', '--to', to);
  expect(await promote('production')).toMatchObject({ code: 0 });
  await slipway.until('the release at production', async () => {
    const answer = await fetch(`${slipway.machine.url}/api/v1/projects/demo/delivered/latest`);
    const { targets } = targetsSchema.parse(await answer.json());
    return targets.some(({ name, state }) => name === 'production' && state === 'delivered') || undefined;
  });
  await live.git('pull', '--quiet', 'origin', 'main');
  expect(`${await live.git('show', 'HEAD:app/kustomization.yaml')}\n`).toBe(
    kustomization.replace('nowhere', repository).replace('"0"', `"${tag}@${digest}"`),
  );
  const page = await (await fetch(`${slipway.machine.url}/projects/demo/delivered/latest`)).text();
  expect(page).toContain('Deployed');
  const refusal = await promote('nowhere');
  expect(refusal.code).toBe(1);
  expect(refusal.output).toContain(
    `demo/delivered:latest has no target nowhere. The targets of its entry are: staging, production, web, servers, ${copies}/delivered.`,
  );
  expect(await slipway.invoke('RetryDeliveries')).toBe(0);
});
