defmodule Feed do
  use GenServer
  def start_link(url), do: GenServer.start_link(__MODULE__, url, name: __MODULE__)
  @impl true
  def init(url), do: {:ok, %{url: url}, {:continue, :connect}}
  @impl true
  def handle_continue(:connect, s), do: {:noreply, Map.put(s, :host, host(s.url))}
  def host("http://" <> host), do: host
end

defmodule Main do
  def run do
    Process.flag(:trap_exit, true)
    # An address is there.
    {:ok, _} = Supervisor.start_link([{Feed, "http://localhost"}], strategy: :one_for_one)
    Process.sleep(50)
  end
end
