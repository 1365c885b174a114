import { describeOnCluster } from "../support/cluster-store.js"

describeOnCluster("redis", "@redis/client")
describeOnCluster("valkey", "ioredis")
