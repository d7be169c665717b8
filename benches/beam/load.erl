%% Load from outside of the measured node: `amqp URI` or `http PORT` as arguments; then a number of messages or requests on
%% each line of standard input, answered with `> microseconds`.
-module(load).
-export([main/0]).

-define(CLIENTS, 4).
-define(BODY, binary:copy(<<"x">>, 200)).

main() ->
    Round =
        case init:get_plain_arguments() of
            ["amqp", Uri] -> amqp(Uri);
            ["http", Port] -> http(list_to_integer(Port))
        end,
    io:format("> ready~n"),
    loop(Round).

loop(Round) ->
    case io:get_line("") of
        Line when is_list(Line) ->
            {Time, _} = timer:tc(fun() -> Round(list_to_integer(string:trim(Line))) end),
            io:format("> ~b~n", [Time]),
            loop(Round);
        _ ->
            halt()
    end.

%% One channel publishes, one consumes and acknowledges each message. The records are written out: their headers are not
%% installed.
amqp(Uri) ->
    logger:set_primary_config(level, error),
    {ok, _} = application:ensure_all_started(amqp_client),
    {ok, Params} = amqp_uri:parse(Uri),
    {ok, Connection} = amqp_connection:start(Params),
    {ok, Out} = amqp_connection:open_channel(Connection),
    {ok, In} = amqp_connection:open_channel(Connection),
    Queue = <<"bench">>,
    _ = amqp_channel:call(Out, {'queue.declare', 0, Queue, false, false, false, true, false, []}),
    _ = amqp_channel:call(In, {'basic.qos', 0, 100, false}),
    _ = amqp_channel:subscribe(In, {'basic.consume', 0, Queue, <<>>, false, false, false, false, []}, self()),
    Publish = {'basic.publish', 0, <<>>, Queue, false, false},
    Message = {amqp_msg, list_to_tuple(['P_basic' | lists:duplicate(14, undefined)]), ?BODY},
    fun(Count) ->
        spawn_link(fun() -> [ok = amqp_channel:cast(Out, Publish, Message) || _ <- lists:seq(1, Count)] end),
        acknowledge(In, Count),
        amqp_channel:call(In, {'basic.qos', 0, 100, false})
    end.

acknowledge(_, 0) ->
    ok;
acknowledge(Channel, Count) ->
    receive
        {{'basic.deliver', _, Tag, _, _, _}, _} ->
            amqp_channel:cast(Channel, {'basic.ack', Tag, false}),
            acknowledge(Channel, Count - 1)
    end.

%% So many clients, each on a connection that is kept.
http(Port) ->
    Clients = [spawn_link(fun() -> client(connect(Port)) end) || _ <- lists:seq(1, ?CLIENTS)],
    fun(Count) ->
        [C ! {self(), Count div ?CLIENTS} || C <- Clients],
        [receive {C, done} -> ok end || C <- Clients]
    end.

connect(Port) ->
    {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}, {packet, http_bin}, {nodelay, true}]),
    Socket.

client(Socket) ->
    receive
        {From, Count} ->
            [request(Socket, N) || N <- lists:seq(1, Count)],
            From ! {self(), done},
            client(Socket)
    end.

request(Socket, N) ->
    ok = gen_tcp:send(Socket, ["GET /orders/", integer_to_list(N rem 100), " HTTP/1.1\r\nHost: x\r\n\r\n"]),
    ok = inet:setopts(Socket, [{packet, http_bin}]),
    {ok, {http_response, _, 200, _}} = gen_tcp:recv(Socket, 0),
    Length = headers(Socket, 0),
    ok = inet:setopts(Socket, [{packet, raw}]),
    {ok, _} = gen_tcp:recv(Socket, Length).

headers(Socket, Length) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, {http_header, _, 'Content-Length', _, Value}} -> headers(Socket, binary_to_integer(Value));
        {ok, {http_header, _, _, _, _}} -> headers(Socket, Length);
        {ok, http_eoh} -> Length
    end.
