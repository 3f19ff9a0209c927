import { z } from 'zod';
import { type Finding, severityOf, severityOfScore } from './finding.ts';
import { type ImageContent, writeArchive } from './image-layout.ts';

/** An installed vulnerability scanner: how it is called and how its answer is read. */
export interface Tool {
  arguments(layout: string, image: ImageContent): Promise<string[]>;
  /** Exit codes that are not a failure. */
  exitCodes: number[];
  parse(output: unknown): Finding[];
}

const text = z.string().nullish();

/** https://trivy.dev/latest/docs/configuration/reporting/#json; only what basic scanning of ECR sees, packages of the distribution. */
const trivyReport = z.object({
  Results: z
    .array(
      z.object({
        Class: text,
        Vulnerabilities: z
          .array(
            z.object({
              VulnerabilityID: z.string(),
              PkgName: z.string(),
              InstalledVersion: z.string(),
              FixedVersion: text,
              Severity: text,
              Title: text,
              Description: text,
              PrimaryURL: text,
              CVSS: z
                .record(
                  z.string(),
                  z.object({
                    V3Vector: text,
                    V3Score: z.number().nullish(),
                    V40Vector: text,
                    V40Score: z.number().nullish(),
                  }),
                )
                .nullish(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});

/** https://github.com/anchore/grype/blob/main/grype/presenter/models/document.go */
const grypeReport = z.object({
  matches: z.array(
    z.object({
      vulnerability: z.object({
        id: z.string(),
        severity: text,
        description: text,
        dataSource: text,
        fix: z.object({ versions: z.array(z.string()).nullish() }).nullish(),
        cvss: z
          .array(z.object({ version: z.string(), vector: z.string(), metrics: z.object({ baseScore: z.number() }) }))
          .nullish(),
      }),
      artifact: z.object({ name: z.string(), version: z.string(), type: z.string() }),
    }),
  ),
});

/** https://google.github.io/osv-scanner/output/#json */
const osvScannerReport = z.object({
  results: z
    .array(
      z.object({
        source: z.object({ type: text }),
        packages: z.array(
          z.object({
            package: z.object({ name: z.string(), version: z.string() }),
            vulnerabilities: z
              .array(z.object({ id: z.string(), summary: text, details: text, aliases: z.array(z.string()).nullish() }))
              .nullish(),
            groups: z.array(z.object({ ids: z.array(z.string()), max_severity: text })).nullish(),
          }),
        ),
      }),
    )
    .nullish(),
});

/** In the tool's word, or where it has none by the score. */
function ratedSeverity(word: string | null | undefined, score: number | undefined): Finding['severity'] {
  const severity = severityOf(word ?? '');
  return severity === 'UNDEFINED' && score !== undefined ? severityOfScore(score) : severity;
}

/** In the order in which they are looked for. */
export const tools = {
  trivy: {
    arguments: async (layout) => ['image', '--quiet', '--format', 'json', '--scanners', 'vuln', '--input', layout],
    exitCodes: [0],
    parse(output) {
      const results = trivyReport.parse(output).Results ?? [];
      return results
        .filter((result) => result.Class === 'os-pkgs')
        .flatMap((result) => result.Vulnerabilities ?? [])
        .map((found): Finding => {
          const scores = Object.entries(found.CVSS ?? {}).toSorted(([name]) => (name === 'nvd' ? -1 : 1));
          const cvss = scores
            .flatMap(([, { V40Score, V40Vector, V3Score, V3Vector }]) => [
              ...(V40Score && V40Vector ? [{ version: 4 as const, score: V40Score, vector: V40Vector }] : []),
              ...(V3Score && V3Vector ? [{ version: 3 as const, score: V3Score, vector: V3Vector }] : []),
            ])
            .at(0);
          return {
            name: found.VulnerabilityID,
            description: (found.Title || found.Description)?.slice(0, 2000) || undefined,
            uri: found.PrimaryURL || undefined,
            severity: ratedSeverity(found.Severity, cvss?.score),
            packageName: found.PkgName,
            packageVersion: found.InstalledVersion,
            fixedVersion: found.FixedVersion || undefined,
            cvss,
          };
        });
    },
  },

  grype: {
    arguments: async (layout) => [`oci-dir:${layout}`, '--quiet', '--output', 'json'],
    exitCodes: [0],
    parse(output) {
      return grypeReport
        .parse(output)
        .matches.filter(({ artifact }) => ['deb', 'apk', 'rpm', 'alpm', 'portage'].includes(artifact.type))
        .map(({ vulnerability, artifact }): Finding => {
          const [cvss] = ([4, 3] as const).flatMap((version) => {
            const rated = vulnerability.cvss?.find((each) => each.version.startsWith(`${version}`));
            return rated ? [{ version, score: rated.metrics.baseScore, vector: rated.vector }] : [];
          });
          return {
            name: vulnerability.id,
            description: vulnerability.description?.slice(0, 2000) || undefined,
            uri: vulnerability.dataSource || undefined,
            severity: ratedSeverity(vulnerability.severity, cvss?.score),
            packageName: artifact.name,
            packageVersion: artifact.version,
            fixedVersion: vulnerability.fix?.versions?.[0],
            cvss,
          };
        });
    },
  },

  'osv-scanner': {
    arguments: async (layout, image) => [
      'scan',
      'image',
      '--format',
      'json',
      '--archive',
      await writeArchive(layout, image),
    ],
    // 1 says that there are findings. https://google.github.io/osv-scanner/output/#return-codes
    exitCodes: [0, 1],
    parse(output) {
      const packages = (osvScannerReport.parse(output).results ?? [])
        .filter(({ source }) => source.type === 'os')
        .flatMap((result) => result.packages);
      return packages.flatMap((found) =>
        (found.vulnerabilities ?? []).map(({ id, summary, details, aliases }): Finding => {
          const score = found.groups?.find(({ ids }) => ids.includes(id))?.max_severity;
          return {
            name: /-(CVE-\d+-\d+)$/.exec(id)?.[1] ?? aliases?.find((alias) => alias.startsWith('CVE-')) ?? id,
            description: (summary || details)?.slice(0, 2000) || undefined,
            uri: `https://osv.dev/vulnerability/${encodeURIComponent(id)}`,
            severity: score && Number.isFinite(Number(score)) ? severityOfScore(Number(score)) : 'UNDEFINED',
            packageName: found.package.name,
            packageVersion: found.package.version,
            fixedVersion: undefined,
            cvss: undefined,
          };
        }),
      );
    },
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;
