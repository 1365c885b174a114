import { describeOnCluster } from "../support/cluster-store.js"

describeOnCluster("redis", "ioredis", true)
