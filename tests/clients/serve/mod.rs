//! Servers that do as they are told, and some of what no server should do.

mod grpc;
mod tcp;
mod udp;
mod websocket;

/// Serves until it is killed.
pub fn serve(what: &str, address: &str) {
    match what {
        "grpc" => grpc::serve(address, "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
        "grpc-old" => grpc::serve(address, "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"),
        "grpc-quiet" => grpc::serve(address, ""),
        "nonsense" => tcp::nonsense(address),
        "tcp" => tcp::serve(address),
        "udp" => udp::serve(address),
        "websocket" => websocket::serve(address),
        other => panic!("there is no server {other}"),
    }
}
