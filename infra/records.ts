import { Duration, PhysicalName, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { recordKeys } from '../core/model/builder-contract.ts';
import { acknowledge, allow, type Grantee } from './permissions.ts';

/** The keys of the objects of any build, and of what was read of package repositories. */
const patterns = {
  request: recordKeys.request('*'),
  result: recordKeys.result('*'),
  packages: recordKeys.packages('*'),
  repositories: recordKeys.repository('*'),
  findings: recordKeys.findings('*'),
  scanners: recordKeys.scanners('*'),
  cyclonedx: recordKeys.cyclonedx('*'),
  spdx: recordKeys.spdx('*'),
  comparison: recordKeys.comparison('*'),
  signatures: recordKeys.signature('*', '*'),
  releaseFindings: recordKeys.releaseFindings('*', '*'),
  retention: recordKeys.retention('*'),
  log: `${recordKeys.logPrefix('*')}*`,
  steps: recordKeys.steps('*'),
};

type Kind = keyof typeof patterns;

/** The bucket with each build's request, result, log and scan. */
export class Records extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { retentionDays }: { retentionDays: number }) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      bucketName: PhysicalName.GENERATE_IF_NEEDED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      // Scan reports of released images are kept as long as the images.
      lifecycleRules: [
        { abortIncompleteMultipartUploadAfter: Duration.days(1) },
        ...['builds/', 'package-repositories/'].map((prefix) => ({
          prefix,
          expiration: Duration.days(retentionDays),
        })),
      ],
    });
    acknowledge(
      this.bucket,
      'AwsSolutions-S1',
      'Logs and results of builds are shown to everybody on the status site, and only roles of this stack reach the bucket: a record of who read an object is not worth a second bucket.',
    );
  }

  grantWrite(grantee: Grantee, ...kinds: [Kind, ...Kind[]]): void {
    this.#allow(grantee, ['s3:PutObject'], kinds);
  }

  /** Also lets the grantee see that an object is not there. */
  grantRead(grantee: Grantee, ...kinds: [Kind, ...Kind[]]): void {
    this.#allow(grantee, ['s3:GetObject'], kinds);
    // Without it S3 answers AccessDenied, not NoSuchKey, for an object that is not there yet.
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    allow(grantee, { actions: ['s3:ListBucket'], resources: [this.bucket.bucketArn] });
  }

  /** Lets the grantee know the bucket's ARN, for the policy of a build's session. */
  grantArn(grantee: Grantee): void {
    grantee.setVariable('RECORDS_BUCKET_ARN', this.bucket.bucketArn);
  }

  /** Without the permission to list: a request is there before its build begins. */
  grantReadRequest(grantee: Grantee): void {
    this.#allow(grantee, ['s3:GetObject'], ['request']);
  }

  /** The parts of a log are many: they are listed first. */
  grantReadLogs(grantee: Grantee): void {
    this.#allow(grantee, ['s3:GetObject'], ['log']);
    allow(grantee, {
      actions: ['s3:ListBucket'],
      resources: [this.bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': recordKeys.logPrefix('*') } },
    });
  }

  #allow(grantee: Grantee, actions: string[], kinds: Kind[]): void {
    allow(grantee, {
      actions,
      resources: kinds.map((kind) => this.bucket.arnForObjects(patterns[kind])),
      because: 'The key contains the id of a build or the hash of an address, and both are made at run time.',
    });
    grantee.setVariable('RECORDS_BUCKET', this.bucket.bucketName);
  }
}
