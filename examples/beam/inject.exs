# How is a node traced in which nothing is installed?
#
#     elixir examples/beam/inject.exs shop@myhost cookie=SECRET start to=4712 modules=Shop.Cart,Shop.Bank
#     elixir examples/beam/inject.exs shop@myhost cookie=SECRET status
#     elixir examples/beam/inject.exs shop@myhost cookie=SECRET stop
#
# Compiles scope.exs here and loads it there over distribution; nothing is written to the node's disk, and it needs no
# Elixir. This side takes a name nobody has, long if the node's is long; the cookie is the node's (without it, that of
# ~/.erlang.cookie). ERL_EPMD_PORT is honoured. `elixir --sname NAME --cookie SECRET inject.exs ...` works as well. `to` is
# seen from the node: to=4712 is a server on its machine, to=HOST:4712 another one, to=file:/tmp/rec.scope a file there.
# Other options of Scope.start/1 are written alike: level=calls, processes=new, messages=false, max_seconds=30, ring=8.
# `estimate` takes them, too, and traces for one second only; `dump` sends what a ring holds. `stop` takes the code out
# again, and says what happened if tracing had stopped by itself.
# Compile with an OTP no newer than the node's: old nodes do not load new code.

defmodule Inject do
  @actions ~w(start estimate status dump stop)
  # By this the modules are known there.
  @file_ ~c"scope.exs"

  def main([target | words]) do
    {cookies, words} = Enum.split_with(words, &String.starts_with?(&1, "cookie="))

    case words do
      [action | options] when action in @actions -> run(target, cookies, action, options)
      _ -> usage()
    end
  end

  def main(_), do: usage()

  defp usage do
    fail(
      "inject.exs NODE [cookie=SECRET] start to=PORT modules=A,B [option=value ...] | estimate ... | status | dump | stop"
    )
  end

  defp run(target, cookies, action, options) do
    node = String.to_atom(target)
    Node.alive?() || be_named(target)
    for "cookie=" <> cookie <- cookies, do: Node.set_cookie(node, String.to_atom(cookie))

    Node.connect(node) == true ||
      fail(
        "#{node} does not answer: is it running, is its cookie this one's (cookie=SECRET), " <>
          "does it use another port of epmd (ERL_EPMD_PORT)?"
      )

    case act(action, node, options) do
      :ok ->
        IO.puts("#{node} is traced")

      {:ok, counters} ->
        IO.puts("#{node}: #{inspect(counters)}")

      {:error, message} ->
        fail(message)

      {:badrpc, {:EXIT, {:undef, [{Scope, _, _, _} | _]}}} ->
        fail("nothing was injected into #{node}: start comes first")

      {:badrpc, reason} ->
        fail("#{node}: #{inspect(reason)}")
    end
  end

  # A name nobody has: two of these may run at the same time. Hidden: the node's cluster does not take it in.
  defp be_named(target) do
    host =
      case String.split(target, "@") do
        [_, host] when host != "" -> host
        _ -> fail("`#{target}` is no node: NAME@HOST")
      end

    unique = "scope_#{System.pid()}_#{System.os_time(:microsecond)}"
    # A long name's host is where the node is seen from: the node's own, on its machine.
    {kind, name} = if String.contains?(host, "."), do: {:longnames, "#{unique}@#{host}"}, else: {:shortnames, unique}

    # As `--sname` does it.
    System.cmd("epmd", ["-daemon"], stderr_to_stdout: true)

    case :net_kernel.start(String.to_atom(name), %{name_domain: kind, hidden: true}) do
      {:ok, _} -> :ok
      {:error, reason} -> fail("this node gets no name (#{inspect(reason)}): start it with --sname or --name")
    end
  end

  defp act(action, node, options) when action in ["start", "estimate"] do
    options = Enum.map(options, &option/1)

    # Loading it again would end the tracer that runs.
    :rpc.call(node, :erlang, :whereis, [Scope]) == :undefined ||
      fail("#{node} is traced already, or cannot be asked: stop it first")

    for {module, code} <- Code.compile_file("scope.exs", __DIR__) do
      case :rpc.call(node, :code, :load_binary, [module, @file_, code]) do
        {:module, ^module} -> :ok
        error -> fail("#{node} does not load the code: #{inspect(error)}")
      end
    end

    answer = :rpc.call(node, Scope, String.to_atom(action), [options])
    if answer != :ok, do: unload(node)
    answer
  end

  defp act(action, node, _) when action in ["status", "dump"], do: :rpc.call(node, Scope, String.to_atom(action), [])

  defp act("stop", node, _) do
    answer = :rpc.call(node, Scope, :stop, [])
    unload(node)
    answer
  end

  defp unload(node) do
    for {module, @file_} <- :rpc.call(node, :code, :all_loaded, []) do
      :rpc.call(node, :code, :delete, [module])
      :rpc.call(node, :code, :purge, [module])
    end
  end

  defp option(text) do
    case String.split(text, "=", parts: 2) do
      [key, value] -> value(String.to_atom(key), value)
      _ -> fail("`#{text}` is not option=value")
    end
  end

  defp value(:to, "file:" <> path), do: {:to, {:file, path}}

  defp value(:to, text) do
    case Regex.run(~r/^(?:(.+):)?(\d+)$/, text) do
      [_, "", port] -> {:to, String.to_integer(port)}
      [_, host, port] -> {:to, {host, String.to_integer(port)}}
      _ -> fail("`to=#{text}`: PORT, HOST:PORT or file:PATH")
    end
  end

  defp value(:modules, ""), do: {:modules, []}
  defp value(:modules, names), do: {:modules, names |> String.split(",") |> Enum.map(&modules/1)}
  defp value(:processes, text) when text in ~w(all existing new), do: {:processes, String.to_atom(text)}
  defp value(:processes, names), do: {:processes, names |> String.split(",") |> Enum.map(&module/1)}
  defp value(key, names) when key in [:silent], do: {key, names |> String.split(",") |> Enum.map(&module/1)}
  defp value(:redact, text) when text in ~w(none default), do: {:redact, String.to_atom(text)}
  defp value(:redact, words), do: {:redact, String.split(words, ",")}
  defp value(:level, level), do: {:level, String.to_atom(level)}
  defp value(key, text) when text in ~w(true false infinity), do: {key, String.to_atom(text)}

  defp value(key, text) do
    case Integer.parse(text) do
      {number, ""} -> {key, number}
      _ -> fail("`#{key}=#{text}` is no number")
    end
  end

  # `Shop.*` are all modules so named, `app:shop` those of an application.
  defp modules("app:" <> name), do: {:app, String.to_atom(name)}
  defp modules(name), do: if(String.contains?(name, "*"), do: name, else: module(name))

  # `Shop.Cart` is Elixir's, `cart` or `:cart` Erlang's.
  defp module(":" <> name), do: String.to_atom(name)
  defp module(<<first, _::binary>> = name) when first in ?A..?Z, do: Module.concat([name])
  defp module(name), do: String.to_atom(name)

  defp fail(message) do
    IO.puts(:stderr, "inject.exs: #{message}")
    System.halt(1)
  end
end

Inject.main(System.argv())
