import { type CodeBuildClient, InvalidInputException, ResourceNotFoundException } from '@aws-sdk/client-codebuild';
import { describe, expect, it } from 'vitest';
import { createCodeBuild } from '../../../services/aws/codebuild.ts';

function service(error?: Error) {
  const inputs: unknown[] = [];
  const client = {
    async send({ input }: { input: unknown }) {
      inputs.push(input);
      if (error) throw error;
      return {};
    },
  } as unknown as CodeBuildClient;
  return { inputs, codeBuild: createCodeBuild(client) };
}
const problem = { $metadata: {}, message: 'x' };

describe("a run of CodeBuild's", () => {
  it('is stopped by its id', async () => {
    const { inputs, codeBuild } = service();
    await codeBuild.stop('Builder:6f0d');
    expect(inputs).toEqual([{ id: 'Builder:6f0d' }]);
  });

  it.each([new ResourceNotFoundException(problem), new InvalidInputException(problem)])(
    'that is not there to be stopped is none to stop (%s)',
    async (error) => {
      await service(error).codeBuild.stop('Builder:6f0d');
    },
  );

  it('that could not be stopped is an error', async () => {
    await expect(service(new Error('throttled')).codeBuild.stop('Builder:6f0d')).rejects.toThrow('throttled');
  });
});
