import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
export class Monitoring extends Construct {
  constructor(scope: Construct, id: string, _props: object) {
    super(scope, id);
    void Topic;
  }
}
