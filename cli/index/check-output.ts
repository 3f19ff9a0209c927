import * as z from 'zod';
import type { Diagnostic } from '../../core/index/diagnostic.ts';
import { escaped } from '../../core/text/visible.ts';
import { paint, type Terminal } from '../terminal.ts';

export interface Checked {
  files: number;
  projects: number;
  /** Their paths are relative to the current folder. */
  diagnostics: Diagnostic[];
}

/** The same for programs. */
export const checkedSchema = z.object({
  files: z.int(),
  projects: z.int(),
  errors: z.int(),
  warnings: z.int(),
  diagnostics: z.array(
    z.object({
      file: z.string(),
      line: z.int(),
      column: z.int(),
      severity: z.enum(['error', 'warning']),
      code: z.string(),
      entry: z.string().optional(),
      message: z.string(),
    }),
  ),
});

/** For people, and for terminals that open `file:line:column`. */
export function forPeople(checked: Checked, terminal: Terminal): string {
  const lines = checked.diagnostics.map(({ file, line, column, severity, code, entry, message }) => {
    const level = paint(terminal, severity === 'error' ? 'red' : 'yellow', severity);
    const name = entry === undefined ? '' : `  ${paint(terminal, 'bold', visible(entry))}`;
    return `${visible(file)}:${line}:${column}: ${level}${name}\n  ${visible(message)} ${paint(terminal, 'dim', `[${code}]`)}\n`;
  });
  return `${lines.join('')}${lines.length > 0 ? '\n' : ''}${summaryOf(checked)}\n`;
}

/**
 * For a workflow of GitHub Actions, which shows each at its line of the pull request.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function forGitHub(checked: Checked): string {
  const lines = checked.diagnostics.map(({ file, line, column, severity, entry, message }) => {
    const title = entry === undefined ? '' : `,title=${property(visible(entry))}`;
    return `::${severity} file=${property(file)},line=${line},col=${column}${title}::${data(visible(message))}\n`;
  });
  return `${lines.join('')}${summaryOf(checked)}\n`;
}

// https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

function summaryOf(checked: Checked): string {
  const { files, projects } = checked;
  const { errors, warnings } = countsOf(checked);
  const verdict =
    errors + warnings === 0
      ? 'no errors or warnings'
      : [...(errors > 0 ? [count(errors, 'error')] : []), ...(warnings > 0 ? [count(warnings, 'warning')] : [])].join(
          ', ',
        );
  return `${count(files, 'file')}, ${count(projects, 'project')}: ${verdict}`;
}

export function countsOf({ diagnostics }: Checked): { errors: number; warnings: number } {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  return { errors, warnings: diagnostics.length - errors };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Untrusted text must not move the cursor, colour the screen or begin a line. */
function visible(text: string): string {
  return escaped(text.replaceAll(/[\t\n\r]/g, ' '));
}
