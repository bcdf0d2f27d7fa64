export * from "./api-server";
export * from "./eventually";
export * from "./management-cluster";
export * from "./odd-objects";
export * from "./shapes";
export * from "./site";
export * from "./webhook";
