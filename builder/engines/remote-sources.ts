import { DockerfileInvalidError } from '../errors.ts';

/**
 * Refuses what an engine would fetch by itself: it does so with this machine's own network, where a redirect reaches what listens on the
 * loopback, whatever the address is. What a step of `RUN` fetches comes through the network of the build.
 * @throws DockerfileInvalidError
 */
export function refuseRemoteSources([source]: readonly string[], engine: string): void {
  if (source === undefined) return;
  throw new DockerfileInvalidError(
    `ADD ${JSON.stringify(source)} is not built by ${engine}, which would fetch it with the network of this machine. Fetch it with RUN, or write COPY if it is a file of the repository, and push again.`,
  );
}
