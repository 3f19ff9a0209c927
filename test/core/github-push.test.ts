import examples from '@octokit/webhooks-examples' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { pushEventSchema, pushTrigger } from '../../core/github-push.ts';

interface Example {
  name: string;
  examples: unknown[];
}

const pushes = (examples as unknown as Example[]).find(({ name }) => name === 'push')?.examples ?? [];

describe("GitHub's push events", () => {
  it('are all understood', () => {
    expect(pushes.length).toBeGreaterThan(5);
    for (const event of pushes) expect(pushEventSchema.parse(event).repository.clone_url).toMatch(/^https:/);
  });

  it('are told apart from the other events', () => {
    const others = (examples as unknown as Example[])
      .filter(({ name }) => name !== 'push')
      .flatMap((each) => each.examples);
    expect(others.filter((event) => pushEventSchema.safeParse(event).success)).toEqual([]);
  });

  it('name the commit, not the tag object, for an annotated tag; and no commit when the ref is deleted', () => {
    const event = pushEventSchema.parse(pushes[0]);
    const tag = { ...event, deleted: false, after: 'a'.repeat(40), head_commit: { id: 'b'.repeat(40) } };
    expect(pushTrigger(tag, 'guid', new Date(0))).toMatchObject({ after: 'a'.repeat(40), commit: 'b'.repeat(40) });
    expect(pushTrigger({ ...event, deleted: true, head_commit: null }, 'guid', new Date(0)).commit).toBeNull();
  });
});
