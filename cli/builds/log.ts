import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import { apiBuildSchema } from '../../core/api/builds.ts';
import { describeCause } from '../../core/builds/describe-build.ts';
import { type BuildStatus, buildStatuses, isTerminal } from '../../core/model/build.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { plainLog, wholeEnd } from '../../core/text/plain-log.ts';
import type { Context } from '../command.ts';
import type { Api } from '../deployment/api.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { asBuild, awaitBuild, buildArgument, findBuild } from './named-build.ts';

const pollMilliseconds = 1_000;

const description = `Prints the log of a build, or of the newest build of a project.

With --follow it waits for a build that was just asked for, and goes on until it ends. Then the exit code is 1 if nothing was released, or would have been.`;

const answerSchema = z.object({ build: z.string(), status: z.enum(buildStatuses), log: z.string() });

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .argument(buildArgument, 'the build by its id or its page, or the newest one of a project', asBuild)
    .option('-f, --follow', 'go on until the build ends')
    .option('--section <NAME>', 'only the part below this heading, such as fetch, build, push or scan')
    .action(async (named, { follow = false, section }) => {
      const deployment = await context.deployment();
      const { api } = deployment;
      const { terminal } = context;
      const { id, project, cause } = await (follow
        ? awaitBuild(deployment, named, terminal)
        : findBuild(deployment, named));
      if (!context.isJson()) context.terminal.err(`${project}, build ${id}\n`);
      const pick = section === undefined ? undefined : sectionPicker(section);
      let log = '';
      let isEmpty = true;
      const status = await readLog({ api, id, isFollowing: follow }, (text) => {
        isEmpty &&= text === '';
        const shown = pick ? pick.lines(text) : text;
        if (context.isJson()) log += shown;
        else context.terminal.out(shown);
      });
      if (isEmpty) context.terminal.err(`It has no log${isTerminal(status) ? '' : ' yet'}: ${describeCause(cause)}\n`);
      if (pick && !pick.headings.has(section ?? ''))
        throw new UsageError(
          `The log has no section "${oneLine(section ?? '', 40)}". It has ${[...pick.headings].join(', ') || 'none yet'}.`,
        );
      const isNegative = follow && status !== 'released' && status !== 'unchanged';
      if (follow) context.terminal.err(`${status}\n`);
      context.answer(answerSchema, {
        value: { build: id, status, log },
        text: '',
        exitCode: isNegative ? exitCodes.negative : exitCodes.done,
      });
    });
}

interface Reading {
  api: Api;
  id: string;
  isFollowing: boolean;
}

/** Passes the log on in whole lines, to its end or, if it is followed, to the build's. */
async function readLog({ api, id, isFollowing }: Reading, show: (text: string) => void): Promise<BuildStatus> {
  for (let from = 0; ; ) {
    // Asked before the log, so that the log is whole if the build had ended.
    const status = (await api.read(`builds/${id}`, apiBuildSchema.pick({ status: true })))?.status ?? 'failed';
    const isWhole = isTerminal(status);
    const piece = await api.log(id, from);
    if (!piece) return status;
    const isEnd = piece.next >= piece.total;
    const length = isEnd && (isWhole || !isFollowing) ? piece.bytes.length : wholeEnd(piece.bytes);
    show(plainLog(piece.bytes.subarray(0, length).toString('utf8')));
    from = piece.next - piece.bytes.length + length;
    if (!isEnd) continue;
    if (isWhole || !isFollowing) return status;
    await delay(pollMilliseconds);
  }
}

/** Of pieces of a log the lines below one heading. The builder writes headings as `==> build (2026-11-21T01:16:43Z, +0.4 s)`. */
function sectionPicker(section: string) {
  const headings = new Set<string>();
  let isInside = false;
  return {
    headings,
    lines(text: string): string {
      const picked = text.split(/(?<=\n)/).filter((line) => {
        const [, heading] = /^==> ([\w-]+) \(/.exec(line) ?? [];
        if (heading !== undefined) {
          headings.add(heading);
          isInside = heading === section;
        }
        return isInside;
      });
      return picked.join('');
    },
  };
}
