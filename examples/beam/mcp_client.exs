# How does an Elixir program talk to the store? A small MCP client: it starts the server as a port, stores the events of
# a shop through `store_events`, asks for them again, and ends with status 1 if an answer is not what was stored.
#
#     cargo build --release && elixir examples/beam/mcp_client.exs target/release/elixir-scope-storage
#
# Nothing to install; JSON is below, because OTP has it (`:json`) only since 27.

defmodule Json do
  # Maps with text or atom keys, lists, text, numbers, true, false and nil.

  def encode(nil), do: "null"
  def encode(value) when is_boolean(value), do: Atom.to_string(value)
  def encode(value) when is_atom(value), do: encode(Atom.to_string(value))
  def encode(value) when is_integer(value), do: Integer.to_string(value)
  def encode(value) when is_float(value), do: Float.to_string(value)
  def encode(value) when is_list(value), do: ["[", Enum.intersperse(Enum.map(value, &encode/1), ","), "]"]

  def encode(value) when is_map(value) do
    members = for {key, value} <- value, do: [encode(to_string(key)), ":", encode(value)]
    ["{", Enum.intersperse(members, ","), "}"]
  end

  def encode(value) when is_binary(value) do
    [?", for(<<char::utf8 <- value>>, into: "", do: escape(char)), ?"]
  end

  defp escape(?"), do: ~S(\")
  defp escape(?\\), do: ~S(\\)
  defp escape(?\n), do: ~S(\n)
  defp escape(char) when char < 32, do: "\\u" <> String.pad_leading(Integer.to_string(char, 16), 4, "0")
  defp escape(char), do: <<char::utf8>>

  def decode(text) do
    {value, rest} = value(text)
    if String.trim(rest) != "", do: raise(ArgumentError, "more than one JSON value: #{rest}")
    value
  end

  defp value(<<space, rest::binary>>) when space in ~c" \t\r\n", do: value(rest)
  defp value("null" <> rest), do: {nil, rest}
  defp value("true" <> rest), do: {true, rest}
  defp value("false" <> rest), do: {false, rest}
  defp value("\"" <> rest), do: text(rest, [])
  defp value("[" <> rest), do: rest |> skip() |> list([])
  defp value("{" <> rest), do: rest |> skip() |> map([])

  defp value(text) do
    case Regex.run(~r/^-?\d+(\.\d+)?([eE][+-]?\d+)?/, text) do
      [number] -> {String.to_integer(number), after_(text, number)}
      # Elixir wants a fraction before an exponent.
      [number, "", _] -> {String.to_float(Regex.replace(~r/[eE]/, number, ".0e")), after_(text, number)}
      [number | _] -> {String.to_float(number), after_(text, number)}
      nil -> raise ArgumentError, "no JSON value: #{String.slice(text, 0, 40)}"
    end
  end

  defp after_(text, number), do: binary_part(text, byte_size(number), byte_size(text) - byte_size(number))

  defp list("]" <> rest, items), do: {Enum.reverse(items), rest}

  defp list(text, items) do
    {item, rest} = value(text)
    rest |> next("]") |> list([item | items])
  end

  defp map("}" <> rest, members), do: {Map.new(members), rest}

  defp map("\"" <> text, members) do
    {key, rest} = text(text, [])
    ":" <> rest = skip(rest)
    {item, rest} = value(rest)
    rest |> next("}") |> map([{key, item} | members])
  end

  # A comma leads to the next item, `close` stays to be seen.
  defp next(text, close) do
    case skip(text) do
      "," <> rest -> skip(rest)
      <<^close::binary-size(1), _::binary>> = rest -> rest
    end
  end

  defp skip(<<space, rest::binary>>) when space in ~c" \t\r\n", do: skip(rest)
  defp skip(text), do: text

  defp text("\"" <> rest, parts), do: {parts |> Enum.reverse() |> IO.iodata_to_binary(), rest}

  defp text("\\u" <> <<hex::binary-size(4), rest::binary>>, parts) do
    case {String.to_integer(hex, 16), rest} do
      # The two halves of a character beyond 16 bits.
      {high, "\\u" <> <<low::binary-size(4), rest::binary>>} when high in 0xD800..0xDBFF ->
        low = String.to_integer(low, 16)
        text(rest, [<<0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00)::utf8>> | parts])

      {char, rest} ->
        text(rest, [<<char::utf8>> | parts])
    end
  end

  @escapes %{?n => "\n", ?t => "\t", ?r => "\r", ?b => "\b", ?f => "\f"}
  defp text(<<?\\, char, rest::binary>>, parts), do: text(rest, [Map.get(@escapes, char, <<char>>) | parts])

  defp text(text, parts) do
    {plain, _} = :binary.match(text, ["\"", "\\"])
    <<part::binary-size(plain), rest::binary>> = text
    text(rest, [part | parts])
  end
end

defmodule Mcp do
  # One request at a time: the server answers in the order asked.
  defstruct [:port, next: 1]

  def start(server) do
    # A line longer than this comes in pieces.
    port = Port.open({:spawn_executable, server}, [:binary, :exit_status, {:line, 65_536}])
    client = %Mcp{port: port}

    {client, %{"serverInfo" => info}} =
      request(client, "initialize", %{
        protocolVersion: "2025-06-18",
        capabilities: %{},
        clientInfo: %{name: "mcp_client.exs", version: "1"}
      })

    send_line(client, %{jsonrpc: "2.0", method: "notifications/initialized"})
    {client, info}
  end

  # Ends the server, too: its standard input ends.
  def stop(client), do: Port.close(client.port)

  @doc "What a tool answers; what it refuses is raised."
  def call(client, tool, arguments) do
    case request(client, "tools/call", %{name: tool, arguments: arguments}) do
      {_, %{"isError" => true, "content" => [%{"text" => text} | _]}} -> raise "#{tool}: #{text}"
      {client, %{"structuredContent" => answer}} -> {client, answer}
    end
  end

  defp request(client, method, params) do
    send_line(client, %{jsonrpc: "2.0", id: client.next, method: method, params: params})
    {%{client | next: client.next + 1}, reply(client, client.next)}
  end

  defp send_line(client, message), do: Port.command(client.port, [Json.encode(message), "\n"])

  defp reply(client, id) do
    case Json.decode(line(client, [])) do
      %{"id" => ^id, "result" => result} -> result
      %{"id" => ^id, "error" => error} -> raise "#{error["code"]}: #{error["message"]}"
      # A notification.
      %{"method" => _} -> reply(client, id)
    end
  end

  defp line(%Mcp{port: port} = client, pieces) do
    receive do
      {^port, {:data, {:noeol, piece}}} -> line(client, [pieces, piece])
      {^port, {:data, {:eol, piece}}} -> IO.iodata_to_binary([pieces, piece])
      {^port, {:exit_status, status}} -> raise "the server ended with status #{status}"
    after
      30_000 -> raise "the server does not answer"
    end
  end
end

defmodule Shop do
  @carts 40
  @items 50

  # Carts take turns; a cart's own events are a call and its return.
  def events do
    for item <- 1..@items, cart <- 1..@carts, kind <- ["function_entry", "function_exit"] do
      at = (item * @carts + cart) * 1000 + if(kind == "function_exit", do: 400, else: 0)

      %{
        event_id: "#{kind}-#{cart}-#{item}",
        event_type: kind,
        # Monotonic time is negative.
        timestamp: -576_460_751_000_000_000 + at,
        pid: pid(cart),
        module: "Shop.Cart",
        function: "add",
        arity: 2,
        correlation_id: "order-#{cart}",
        data: %{item: item, price: item * 1.5, note: "Grüße \"#{item}\" \n 😀"}
      }
    end
  end

  def pid(cart), do: "#PID<0.#{100 + cart}.0>"

  def main([server]) do
    {client, info} = Mcp.start(server)
    IO.puts("#{info["name"]} #{info["version"]}")

    events = events()
    # Later ones first: the store orders by time, not by arrival.
    {client, stored} = Mcp.call(client, "store_events", %{events: Enum.reverse(events)})
    IO.puts("stored #{stored["stored"]} of #{length(events)} events")
    expect("stored", stored["stored"], length(events))

    {client, again} = Mcp.call(client, "store_events", %{events: Enum.take(events, 100)})
    expect("sent again", {again["stored"], again["duplicates"]}, {0, 100})

    {client, page} = Mcp.call(client, "query_events", %{pid: pid(7), limit: 1000, format: "json"})
    got = page["events"]
    expect("events of one process", page["total_matched"], 2 * @items)
    expect("all of them", Enum.map(got, & &1["event_id"]), for(%{pid: "#PID<0.107.0>"} = e <- events, do: e.event_id))
    times = Enum.map(got, & &1["timestamp"])
    expect("in the order of time", times, Enum.sort(times))
    sent = Enum.find(events, &(&1.event_id == "function_exit-7-#{@items}")).data
    expect("a payload as it was sent", List.last(got)["data"], Map.new(sent, fn {key, value} -> {"#{key}", value} end))

    {client, newest} = Mcp.call(client, "last_n_events_for_pid", %{pid: pid(7), n: 3})
    IO.puts("the last three of #{pid(7)}:")
    IO.puts(Enum.join(newest["columns"], "\t"))
    for row <- newest["rows"], do: IO.puts(Enum.map_join(row, "\t", &cell/1))
    expect("the last three", length(newest["rows"]), 3)

    {client, stats} = Mcp.call(client, "get_stats", %{})
    expect("the total", stats["total_events"], length(events))
    refused(client)
    Mcp.stop(client)
    IO.puts("every answer is right")
  end

  def main(_), do: raise("elixir mcp_client.exs PATH/elixir-scope-storage")

  # What is wrong is said, and nothing else happens.
  defp refused(client) do
    Mcp.call(client, "query_events", %{modul: "Shop.Cart"})
    raise "an unknown filter was accepted"
  rescue
    error in RuntimeError ->
      IO.puts("refused as it should be: #{error.message |> String.split("\n") |> hd()}")
      expect("the closest name", error.message =~ "module", true)
  end

  defp cell(value) when is_binary(value) or is_number(value), do: "#{value}"
  defp cell(value), do: IO.iodata_to_binary(Json.encode(value))

  defp expect(_, same, same), do: :ok

  defp expect(what, got, wanted) do
    IO.puts(:stderr, "WRONG: #{what}: #{inspect(got)} instead of #{inspect(wanted)}")
    System.halt(1)
  end
end

Shop.main(System.argv())
