import { contract } from "../contract/contract";
import { fakeSite } from "../fakes/site";

contract("the API server in memory", async () => fakeSite());
