import type { Build } from './aws/codebuild/build.ts';
import type { Account } from './aws/service.ts';

/** What happens, in lines for a person. */
export interface LiveLines {
  event(event: Parameters<Account['emit']>[0]): void;
  buildOutput(build: Build, text: string | Buffer): void;
}

const longestLine = 500;

export function createLiveLines(log: Account['log']): LiveLines {
  const rests = new Map<string, string>();

  const show = (build: Build, line: string) => {
    // What a build prints is a stranger's text: control characters stay out of the terminal.
    const clean = line.replace(/[^\P{Cc}\t]/gu, '').slice(0, longestLine);
    if (clean.trim() !== '') log(`build ${labelOf(build)}`, clean);
  };

  return {
    event({ 'detail-type': type, detail }) {
      if (type === 'CodeBuild Build State Change') {
        log(
          'codebuild',
          `${String(detail['build-id']).split(':').at(-1)} ${String(detail['build-status']).toLowerCase()}`,
        );
      }
      if (type === 'Step Functions Execution Status Change') {
        log(
          'states',
          `${detail.name} ${String(detail.status).toLowerCase()}${detail.error ? `: ${detail.error}` : ''}`,
        );
      }
    },
    buildOutput(build, text) {
      const whole = (rests.get(build.id) ?? '') + text.toString();
      const lines = whole.split(/\r\n|\n|\r/);
      const rest = lines.pop() ?? '';
      if (build.buildComplete) rests.delete(build.id);
      else rests.set(build.id, rest.slice(-longestLine));
      for (const line of lines) show(build, line);
    },
  };
}

/** A build goes by the id that its starter gave it, if it gave one. */
function labelOf(build: Build): string {
  const own = build.environment.environmentVariables.find(({ name }) => name === 'BUILD_ID')?.value;
  return own ?? build.id.slice(-8);
}
