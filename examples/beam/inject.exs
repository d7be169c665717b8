# How is a node traced in which nothing is installed?
#
#     elixir --sname probe --cookie SECRET examples/beam/inject.exs shop@myhost start to=4712 modules=Shop.Cart,Shop.Bank
#     elixir --sname probe --cookie SECRET examples/beam/inject.exs shop@myhost status
#     elixir --sname probe --cookie SECRET examples/beam/inject.exs shop@myhost stop
#
# Compiles scope.exs here and loads it there over distribution; nothing is written to the node's disk, and it needs no
# Elixir. `--name` instead of `--sname` if the node has a long name; the cookie is the node's. `to` is seen from the node:
# to=4712 is a server on its machine, to=HOST:4712 another one, to=file:/tmp/rec.scope a file there. Other options of
# Scope.start/1 are written alike: processes=new, messages=false, max_seconds=30. `stop` takes the code out again.
# Compile with an OTP no newer than the node's: old nodes do not load new code.

defmodule Inject do
  @actions ~w(start status stop)
  # By this the modules are known there.
  @file_ ~c"scope.exs"

  def main([target, action | options]) when action in @actions do
    node = String.to_atom(target)

    Node.alive?() ||
      fail("this node has no name: elixir --sname probe --cookie SECRET examples/beam/inject.exs ...")

    Node.connect(node) == true ||
      fail(
        "#{node} does not answer: is it running, is its cookie this one's, is its name long (--name) or short (--sname)?"
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

  def main(_), do: fail("inject.exs NODE start to=PORT modules=A,B [option=value ...] | status | stop")

  defp act("start", node, options) do
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

    started = :rpc.call(node, Scope, :start, [options])
    if started != :ok, do: unload(node)
    started
  end

  defp act("status", node, _), do: :rpc.call(node, Scope, :status, [])

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
  defp value(:modules, names), do: {:modules, names |> String.split(",") |> Enum.map(&module/1)}
  defp value(:processes, text) when text in ~w(all existing new), do: {:processes, String.to_atom(text)}
  defp value(:processes, names), do: {:processes, names |> String.split(",") |> Enum.map(&module/1)}
  defp value(key, text) when text in ~w(true false infinity), do: {key, String.to_atom(text)}

  defp value(key, text) do
    case Integer.parse(text) do
      {number, ""} -> {key, number}
      _ -> fail("`#{key}=#{text}` is no number")
    end
  end

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
