import { PeprModule } from "pepr";
import { ClusterVip } from "./capabilities/cluster-vip";
import { answered, prepare, start } from "./capabilities/wiring";
import cfg from "./package.json";

prepare();
start(new PeprModule(cfg, [ClusterVip], { deferStart: true, afterHook: answered }));
