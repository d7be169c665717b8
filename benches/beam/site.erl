%% A plain HTTP server: OTP's own parser of requests, a process for each connection. Argument: its port.
-module(site).
-export([main/0, serve/1, respond/1, route/1, order/1, lines/2, total/1, page/2, row/1]).

main() ->
    [Port] = init:get_plain_arguments(),
    spawn(fun() ->
        {ok, Listener} = gen_tcp:listen(list_to_integer(Port), [
            binary, {ip, {127, 0, 0, 1}}, {packet, http_bin}, {active, false}, {reuseaddr, true}, {nodelay, true}
        ]),
        accept(Listener)
    end).

accept(Listener) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(?MODULE, serve, [Socket]),
    ok = gen_tcp:controlling_process(Socket, Pid),
    accept(Listener).

serve(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, {http_request, 'GET', {abs_path, Path}, _}} ->
            headers(Socket),
            ok = gen_tcp:send(Socket, respond(Path)),
            serve(Socket);
        {error, closed} ->
            ok
    end.

headers(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, http_eoh} -> ok;
        {ok, _} -> headers(Socket)
    end.

respond(Path) ->
    {order, Id} = route(Path),
    Body = iolist_to_binary(page(Id, order(Id))),
    ["HTTP/1.1 200 OK\r\nContent-Length: ", integer_to_list(byte_size(Body)), "\r\n\r\n", Body].

route(<<"/orders/", Id/binary>>) -> {order, binary_to_integer(Id)}.

order(Id) ->
    Lines = lines(Id, 5),
    #{id => Id, lines => Lines, total => total(Lines)}.

lines(Id, Count) -> [#{item => <<"item-", (integer_to_binary(N))/binary>>, price => Id * N} || N <- lists:seq(1, Count)].

total(Lines) -> lists:sum([Price || #{price := Price} <- Lines]).

page(Id, #{lines := Lines, total := Total}) ->
    [io_lib:format("<h1>~b</h1>", [Id]), [row(Line) || Line <- Lines], io_lib:format("<b>~b</b>", [Total])].

row(#{item := Item, price := Price}) -> io_lib:format("<li>~ts ~b</li>", [Item, Price]).
