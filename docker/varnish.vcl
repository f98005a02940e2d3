# Varnish before the server: CDN=varnish CDN_PURGE_URL=http://varnish:6081
# It keeps what the server says is everybody's, and forgets it when the server's worker bans its tags.
vcl 4.1;

import std;

backend default {
    .host = "SERVER_HOST";
    .port = "SERVER_PORT";
}

# Who may tell it to forget: the machines that workers run on.
acl workers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "BAN") {
        if (client.ip !~ workers || !req.http.xkey-ban) {
            return (synth(403));
        }
        if (!std.ban("obj.http.xkey ~ " + req.http.xkey-ban)) {
            return (synth(400, std.ban_error()));
        }
        return (synth(200));
    }
    # A signed-in customer's answers, and what changes something, always come from the server.
    if (req.http.Authorization || (req.method != "GET" && req.method != "HEAD")) {
        return (pass);
    }
    # One spelling, so that browsers share what is kept. The server packs with gzip.
    if (req.http.Accept-Encoding ~ "gzip") {
        set req.http.Accept-Encoding = "gzip";
    } else {
        unset req.http.Accept-Encoding;
    }
    unset req.http.Cookie;
    return (hash);
}

sub vcl_backend_response {
    # `Vary` tells tokens apart. `private`, `no-store` and errors are kept nowhere.
    if (beresp.http.Cache-Control !~ "public") {
        set beresp.uncacheable = true;
        set beresp.ttl = 120s;
        return (deliver);
    }
}

sub vcl_deliver {
    # Browsers have to ask each time: nobody can tell them what has changed.
    if (resp.http.Cache-Control ~ "public") {
        set resp.http.Cache-Control = "public, no-cache";
    }
    unset resp.http.xkey;
    set resp.http.X-Cache = "miss";
    if (obj.hits > 0) {
        set resp.http.X-Cache = "hit";
    }
}
