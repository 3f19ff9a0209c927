import PostalMime from 'postal-mime';
import { z } from 'zod';

const stageSchema = z.object({
  name: z.string(),
  status: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
});

const buildSchema = z.object({
  id: z.string(),
  project: z.string(),
  status: z.string(),
  cause: z.looseObject({ type: z.string() }),
  commit: z.string(),
  cascade: z.string().nullable(),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  image: z.object({ repository: z.string(), digest: z.string(), tags: z.array(z.string()) }).nullable(),
  stages: z.array(stageSchema),
  verdict: z
    .object({
      outcome: z.string(),
      reasons: z.array(z.string()),
      warnings: z.array(z.string()).optional(),
      counts: z.record(z.string(), z.number()),
      accepted: z.number().optional(),
    })
    .nullable(),
  changes: z.looseObject({ against: z.string() }).nullish(),
  failure: z.object({ error: z.string(), message: z.string() }).nullable(),
  url: z.string(),
  logUrl: z.string(),
});

const messageSchema = z.object({ id: z.string(), to: z.array(z.string()), subject: z.string(), date: z.string() });

const targetSchema = z.object({
  name: z.string(),
  state: z.string(),
  wanted: z.object({ digest: z.string() }),
  error: z.string().nullable(),
});

export type ShownBuild = z.infer<typeof buildSchema>;
export type ShownStage = z.infer<typeof stageSchema>;
export type Message = z.infer<typeof messageSchema>;

/** An answer that is not what the public interface promises. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';
}

/** Whether a mail asks its reader to agree to mails. */
export const isQuestion = ({ subject }: Message): boolean => subject.startsWith('[slipway] CONFIRM:');

const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

export type SlipwayClient = ReturnType<typeof createSlipwayClient>;

/** What everybody may read of a running Slipway, over HTTP. */
export function createSlipwayClient(url: string, signal: AbortSignal) {
  async function get(address: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(20_000)]);
    return await fetch(new URL(address, url), { method, headers, signal: limit });
  }

  async function read<Value>(schema: z.ZodType<Value>, address: string): Promise<Value> {
    const response = await get(address);
    if (!response.ok) throw new UnexpectedAnswerError(`${address} answered ${response.status}.`);
    const parsed = schema.safeParse(await response.json());
    if (!parsed.success) throw new UnexpectedAnswerError(`${address}: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  }

  /** The text of a mail, as the person who gets it reads it. */
  async function mailText(id: string): Promise<string> {
    const response = await get(`/mail/api/messages/${id}`);
    return (await PostalMime.parse(await response.arrayBuffer())).text ?? '';
  }

  return {
    /** The names of the projects that the index has made known. */
    async projects(): Promise<string[]> {
      const { items } = await read(z.object({ items: z.array(z.object({ name: z.string() })) }), '/api/v1/projects');
      return items.map(({ name }) => name);
    },

    /** Where a project's releases go: `demo/app:latest`. */
    async targets(project: string) {
      const address = `/api/v1/projects/${project.replace(':', '/')}`;
      return (await read(z.object({ targets: z.array(targetSchema) }), address)).targets;
    },

    /** The newest first. */
    async builds(project: string): Promise<ShownBuild[]> {
      const address = `/api/v1/builds?project=${encodeURIComponent(project)}`;
      return (await read(z.object({ items: z.array(buildSchema) }), address)).items;
    },

    /** What a build's log has from a byte on, and the byte where the next piece starts. */
    async log(id: string, from: number): Promise<{ text: string; next: number }> {
      const response = await get(`/api/v1/builds/${id}/log?from=${from}`);
      if (!response.ok) return { text: '', next: from };
      return { text: await response.text(), next: Number(response.headers.get('x-log-next') ?? from) };
    },

    /** The digest that a tag names in the registry; undefined if there is no such image. */
    async digestOf(repository: string, reference: string): Promise<string | undefined> {
      const response = await get(
        `/v2/${repository}/manifests/${reference}`,
        { accept: manifestTypes.join(', ') },
        'HEAD',
      );
      if (response.status === 404) return undefined;
      if (!response.ok) throw new UnexpectedAnswerError(`The registry answered ${response.status} for ${repository}.`);
      return response.headers.get('docker-content-digest') ?? undefined;
    },

    async messages(): Promise<Message[]> {
      return await read(z.array(messageSchema), '/mail/api/messages');
    },

    mailText,

    /** Does what the person does who wants the mails: opens the link of the mail that asks, and presses the first button there. */
    async agree(id: string): Promise<void> {
      const [link] = /https?:\/\/\S+\/addresses\/\S+/.exec(await mailText(id)) ?? [];
      if (!link) throw new UnexpectedAnswerError(`The mail ${id} has no link to answer with.`);
      const [, answer] = /<button name="answer" value="(\w+)">/.exec(await (await get(link)).text()) ?? [];
      if (!answer) throw new UnexpectedAnswerError(`${link} has no button.`);
      const body = new URLSearchParams({ answer });
      const response = await fetch(link, { method: 'POST', body, redirect: 'manual', signal });
      if (response.status !== 303) throw new UnexpectedAnswerError(`${link} answered ${response.status}.`);
    },

    /** A page as a browser gets it. */
    async page(address: string): Promise<string> {
      const response = await get(address);
      if (!response.ok) throw new UnexpectedAnswerError(`The page ${address} answered ${response.status}.`);
      return await response.text();
    },
  };
}
